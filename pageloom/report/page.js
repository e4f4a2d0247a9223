(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const heat = document.getElementById("heat");
  if (!heat) return;
  const WORDS = { p: "published", n: "noindex", f: "folded", h: "held", x: "excluded" };
  const LABELS = { 5: "words", 6: "specific", 7: "facts", 8: "likeness", 9: "demand", 10: "at hand" };
  const PAGE = 50;
  const body = document.querySelector("#cells tbody");
  const layer = document.getElementById("layer");
  const find = document.getElementById("find");
  const more = document.getElementById("more");
  const chips = [...document.querySelectorAll("[data-verdict]")];
  const sorters = [...document.querySelectorAll("[data-sort]")];
  const columns = sorters.map((button) => Number(button.dataset.sort));
  const state = { row: null, column: null, sort: null, down: false, shown: 20 };

  const chosen = () => chips.filter((c) => c.getAttribute("aria-pressed") === "true").map((c) => c.dataset.verdict);
  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };

  function matching() {
    const verdicts = chosen();
    const deep = layer && layer.value !== "" ? Number(layer.value) : null;
    const text = find.value.trim().toLowerCase();
    const found = data.cells.filter((c) =>
      (state.row === null || c[0] === state.row) &&
      (state.column === null || c[1] === state.column) &&
      (deep === null || c[2] === deep) &&
      (!verdicts.length || verdicts.includes(c[3])) &&
      (!text || c[4].toLowerCase().includes(text) ||
        c[12].some((r) => data.reasons[r].toLowerCase().includes(text))));
    if (state.sort !== null) {
      const value = (c) => (state.sort === 10 ? c[10] * 1000 + c[11] : c[state.sort] ?? -1);
      found.sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        return (x < y ? -1 : x > y ? 1 : 0) * (state.down ? -1 : 1);
      });
    }
    return found;
  }

  function cellRow(cell) {
    const row = element("tr");
    const show = {
      4: () => { const td = element("td"); td.append(element("code", cell[4])); return td; },
      3: () => { const td = element("td"); td.append(element("span", WORDS[cell[3]], "tag " + WORDS[cell[3]])); return td; },
      5: () => element("td", cell[5], "n"),
      6: () => element("td", cell[6].toFixed(2), "n"),
      7: () => element("td", cell[7], "n"),
      8: () => element("td", cell[8] === null ? "–" : cell[8].toFixed(2), "n"),
      9: () => element("td", Math.round(cell[9]).toLocaleString("en"), "n"),
      10: () => element("td", `${cell[10]} + ${cell[11]}`, "n"),
    };
    for (const column of columns) {
      const td = show[column]();
      if (column > 4) td.dataset.label = LABELS[column];
      row.append(td);
    }
    row.append(element("td", cell[12].map((r) => data.reasons[r]).join("; ")));
    return row;
  }

  function list() {
    const found = matching();
    body.replaceChildren(...found.slice(0, state.shown).map(cellRow));
    more.hidden = found.length <= state.shown;
    const where = [state.row !== null && data.rows[state.row], state.column !== null && data.columns[state.column],
      layer && layer.value !== "" && data.layers[Number(layer.value)]].filter(Boolean).join(" × ");
    const left = data.left ? ` ${data.left.toLocaleString("en")} more cells are not in this file; report --json holds all.` : "";
    document.getElementById("count").textContent =
      `${found.length.toLocaleString("en")} ${found.length === 1 ? "cell" : "cells"}${where ? ": " + where : ""}.${left}`;
  }

  function square(button, letters, verdicts) {
    const name = `${data.rows[button.dataset.row]} × ${data.columns[button.dataset.column]}`;
    const count = {};
    for (const letter of letters) count[letter] = (count[letter] || 0) + 1;
    const total = ["p", "n", "f", "h"].reduce((sum, key) => sum + (count[key] || 0), 0);
    const said = Object.keys(WORDS).filter((key) => count[key]).map((key) => `${count[key]} ${WORDS[key]}`).join(", ");
    const wanted = verdicts.length ? verdicts : ["p"];
    const hits = wanted.reduce((sum, key) => sum + (count[key] || 0), 0);
    let shade = count.x ? "x" : "none";
    let text = count.x ? "×" : "";
    if (total) {
      shade = count.p ? "p" + Math.max(1, Math.ceil(count.p * 4 / total)) : ["n", "f", "h"].reduce((a, b) => ((count[b] || 0) > (count[a] || 0) ? b : a));
      text = letters.length === 1 ? letters.toUpperCase() : `${hits}/${total}`;
    }
    button.className = "sq " + shade + (verdicts.length && !hits ? " dim" : "");
    button.textContent = text;
    const label = `${name}: ${said || "no cell"}`;
    button.setAttribute("aria-label", label);
    button.title = label;
  }

  function draw() {
    const verdicts = chosen();
    for (const button of heat.querySelectorAll(".sq")) {
      const letters = data.grid[button.dataset.row][button.dataset.column];
      square(button, layer && layer.value !== "" ? letters[Number(layer.value)] : letters, verdicts);
    }
  }

  function press() {
    for (const button of heat.querySelectorAll("button")) {
      const row = button.dataset.row === undefined ? null : Number(button.dataset.row);
      const column = button.dataset.column === undefined ? null : Number(button.dataset.column);
      button.setAttribute("aria-pressed", String((state.row !== null || state.column !== null) && row === state.row && column === state.column));
    }
  }

  function update(redraw) {
    state.shown = 20;
    if (redraw) draw();
    press();
    list();
  }

  function clear() {
    Object.assign(state, { row: null, column: null });
    for (const chip of chips) chip.setAttribute("aria-pressed", "false");
    if (layer) layer.value = "";
    find.value = "";
    update(true);
  }

  heat.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const row = button.dataset.row === undefined ? null : Number(button.dataset.row);
    const column = button.dataset.column === undefined ? null : Number(button.dataset.column);
    const same = state.row === row && state.column === column;
    Object.assign(state, same ? { row: null, column: null } : { row, column });
    update(false);
  });

  // One tab stop for the whole map; arrow keys move within it.
  const lines = [...heat.rows].map((line) => [...line.cells].map((cell) => cell.querySelector("button")));
  let at = [1, 1];
  for (const button of heat.querySelectorAll("button")) button.tabIndex = -1;
  const start = lines[1] && lines[1][1];
  if (start) start.tabIndex = 0;
  const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  function goTo(row, column) {
    const target = lines[row] && lines[row][column];
    if (!target) return;
    lines[at[0]][at[1]].tabIndex = -1;
    at = [row, column];
    target.tabIndex = 0;
    target.focus();
  }
  heat.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (move) goTo(at[0] + move[0], at[1] + move[1]);
    else if (event.key === "Home") goTo(at[0], at[0] ? 0 : 1);
    else if (event.key === "End") goTo(at[0], lines[at[0]].length - 1);
    else if (event.key === "Escape") clear();
    else return;
    event.preventDefault();
  });
  heat.addEventListener("focusin", (event) => {
    const cell = event.target.closest("td, th");
    if (!cell) return;
    const next = [cell.parentElement.rowIndex, cell.cellIndex];
    if (next[0] === at[0] && next[1] === at[1]) return;
    lines[at[0]][at[1]].tabIndex = -1;
    at = next;
    event.target.tabIndex = 0;
  });

  for (const chip of chips) chip.addEventListener("click", () => {
    chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
    update(true);
  });
  for (const button of sorters) button.addEventListener("click", () => {
    const column = Number(button.dataset.sort);
    state.down = state.sort === column ? !state.down : column > 4;
    state.sort = column;
    for (const other of sorters) other.closest("th").removeAttribute("aria-sort");
    button.closest("th").setAttribute("aria-sort", state.down ? "descending" : "ascending");
    list();
  });
  if (layer) layer.addEventListener("change", () => update(true));
  find.addEventListener("input", () => update(false));
  more.addEventListener("click", () => { state.shown += PAGE; list(); });
  document.getElementById("clear").addEventListener("click", clear);
  update(false);
})();
