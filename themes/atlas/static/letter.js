// Fills in the letter from the form, in this page only. Nothing typed leaves the browser.
"use strict";
(() => {
  const form = document.querySelector("form[data-tool=letter]");
  const letter = document.querySelector(".letter");
  if (!form || !letter) return;
  const said = form.querySelector(".said");
  const plan = form.querySelector("#letter-plan");
  const rights = letter.querySelector("[data-rights]");
  const blanks = [...letter.querySelectorAll("[data-blank]")];
  const asWritten = new Map([...blanks, rights].map((node) => [node, node.textContent]));
  const date = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeZone: "UTC" });

  const shown = (input) => {
    const text = input.value.trim();
    return input.type === "date" && text ? date.format(new Date(`${text}T00:00:00Z`)) : text;
  };

  // The rights of a kind of plan, as the page tells them, without the marks of the sources.
  function rightsOf(slug) {
    const found = slug && document.querySelector(`details[data-plan="${slug}"] p`);
    if (!found) return "";
    const copy = found.cloneNode(true);
    copy.querySelectorAll(".cite").forEach((mark) => mark.remove());
    return copy.textContent.replace(/\s+/g, " ").trim();
  }

  function fill() {
    for (const input of form.querySelectorAll("[data-fills]")) {
      for (const node of blanks.filter((blank) => blank.dataset.blank === input.dataset.fills)) {
        node.textContent = shown(input) || asWritten.get(node);
      }
    }
    rights.textContent = rightsOf(plan.value) || asWritten.get(rights);
    for (const box of form.querySelectorAll("[data-encloses]")) {
      letter.querySelector(`[data-enclosed="${box.dataset.encloses}"]`).hidden = !box.checked;
    }
    said.textContent = "";
  }

  function plainText() {
    return [...letter.querySelectorAll("p, li")].filter((node) => !node.hidden)
      .map((node) => (node.tagName === "LI" ? "- " : "\n") + node.innerText).join("\n").trim();
  }

  const actions = {
    copy: () => navigator.clipboard.writeText(plainText()).then(() => { said.textContent = form.dataset.copied; }),
    print: () => window.print(),
    save: () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([plainText(), "\n"], { type: "text/plain;charset=utf-8" }));
      link.download = form.dataset.file;
      link.click();
    },
  };

  // Only a name can come in by the address: a link must not put other words into the letter.
  function fromAddress() {
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
      const input = form.querySelector(`[data-fills="${CSS.escape(name)}"]`);
      if (input && /^[\p{L}\p{N} .,&'()\/+-]{1,60}$/u.test(value)) input.value = value;
      if (name === "plan" && [...plan.options].some((option) => option.value === value)) plan.value = value;
    }
    fill();
  }

  form.addEventListener("input", fill);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("click", (event) => actions[event.target.dataset.do]?.());
  addEventListener("hashchange", fromAddress);
  fromAddress();
})();
