// Copies the documentation checklist as plain text, one line an item. Without the script the list is there to select.
"use strict";
(() => {
  const place = document.querySelector("[data-tool=checklist]");
  const items = [...document.querySelectorAll(`#${place?.dataset.section} li`)];
  if (!place || !items.length || !navigator.clipboard) return;
  const button = place.querySelector("button");
  const said = place.querySelector("[role=status]");
  const line = (item) => {
    const copy = item.cloneNode(true);
    copy.querySelectorAll(".cite").forEach((mark) => mark.remove());
    return `- ${copy.textContent.replace(/\s+/g, " ").trim()}`;
  };
  button.addEventListener("click", () => {
    const text = [`${document.querySelector("h1").textContent.trim()}`, ...items.map(line)].join("\n");
    navigator.clipboard.writeText(text).then(() => { said.textContent = place.dataset.copied; });
  });
  place.hidden = false;
})();
