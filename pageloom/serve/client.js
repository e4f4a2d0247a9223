// Put into pages by `serve` only: reloads, shows problems over the page, and says where it is written.
(() => {
  const digest = document.currentScript.dataset.digest;
  const path = decodeURIComponent(location.pathname);
  const asked = `path=${encodeURIComponent(path)}`;
  const host = document.createElement("pageloom-panel");
  const shadow = host.attachShadow({ mode: "open" });
  document.documentElement.append(host);
  const remembered = sessionStorage.getItem("pageloom-open") === "yes";
  let open = remembered, closed = "", root = "";

  const style = `
    :host { all: initial; color-scheme: light dark; font: 13px/1.45 system-ui, sans-serif;
      --back: #fff; --ink: #1c1f23; --soft: #5b626b; --line: #d5d9de; --bad: #b3261e; --warn: #8a5a00;
      --good: #1b6e3c; --link: #0b57d0; }
    @media (prefers-color-scheme: dark) { :host { --back: #16181b; --ink: #e8eaed; --soft: #a2a9b1;
      --line: #363b41; --bad: #ff8a80; --warn: #f2b84b; --good: #7bd69b; --link: #8ab4f8; } }
    * { box-sizing: border-box; }
    a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
    code, pre { font: 12px/1.45 ui-monospace, monospace; }
    button { font: inherit; color: inherit; background: none; border: 1px solid var(--line);
      border-radius: 6px; padding: 2px 10px; cursor: pointer; }
    .tab { position: fixed; inset: auto 12px 12px auto; z-index: 2147483646; background: var(--back);
      color: var(--ink); box-shadow: 0 1px 6px #0004; }
    .tab b { color: var(--bad); } .tab i { color: var(--warn); font-style: normal; }
    aside { position: fixed; inset: 0 0 0 auto; width: min(440px, 100vw); overflow: auto; padding: 14px;
      background: var(--back); color: var(--ink); border-inline-start: 1px solid var(--line);
      z-index: 2147483646; }
    aside h2, .over h2 { font-size: 14px; margin: 14px 0 4px; } aside h2:first-of-type { margin-top: 0; }
    ul { list-style: none; margin: 0; padding: 0; }
    li { padding: 4px 6px; border-radius: 6px; } li.part:hover { background: #8883; }
    small { color: var(--soft); display: block; font-size: 12px; }
    .published { color: var(--good); } .folded, .noindex { color: var(--warn); } .held { color: var(--bad); }
    .right { float: inline-end; }
    .over { position: fixed; inset: 0; overflow: auto; padding: 5vh 4vw; background: #0009;
      z-index: 2147483647; }
    .over > div { max-width: 900px; margin: auto; background: var(--back); color: var(--ink);
      border-top: 4px solid var(--bad); border-radius: 8px; padding: 14px 20px; }
    article { border-top: 1px solid var(--line); padding: 10px 0; overflow-wrap: anywhere; }
    article > b { color: var(--bad); } article.warning > b { color: var(--warn); }
    pre { margin: 6px 0; padding: 6px 8px; background: #8882; border-radius: 6px; overflow: auto; }
    .frame { position: fixed; border: 2px solid var(--link); border-radius: 4px; pointer-events: none;
      z-index: 2147483645; }`;

  const make = (name, parts = {}, ...inside) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(parts)) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else made.setAttribute(key, value);
    }
    made.append(...inside.filter((item) => item !== "" && item != null));
    return made;
  };
  const place = (at) => make("a",
    { href: `vscode://file${encodeURI(root)}/${encodeURI(at.path)}:${at.line}:${at.column || 1}`,
      title: "open in the editor" }, `${at.path}:${at.line}`);
  const numbers = (cell) => Object.entries(cell.numbers).map(([name, value]) => `${value} ${name}`).join(", ");

  // A long line is cut before the place, so that the mark is seen on a narrow screen too.
  const excerpt = (text, at) => {
    const from = at > 30 ? at - 20 : 0;
    const cut = from ? "…" : "";
    return `${cut}${text.slice(from)}\n${" ".repeat(at - from + cut.length)}^`;
  };
  const counted = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

  const problem = (item) => make("article", { class: item.severity },
    make("b", {}, `${item.severity} ${item.code}`), " ", item.message, make("br"),
    place(item),
    item.text.trim() ? make("pre", {}, excerpt(item.text, Math.max(0, item.column - 1))) : "",
    item.expected ? make("small", {}, `expected: ${item.expected}`) : "",
    item.help ? make("small", {}, `help: ${item.help}`) : "",
    ...item.notes.map((note) => make("small", {}, `note: ${note}`)));

  const overlay = (state) => {
    const errors = state.problems.filter((item) => item.severity === "error");
    const key = JSON.stringify(errors);
    if (!errors.length) { closed = ""; return ""; }
    if (closed === key) return "";
    const shut = () => { closed = key; draw(state); };
    return make("div", { class: "over", role: "dialog", "aria-label": "Problems" }, make("div", {},
      make("button", { class: "right", onclick: shut }, "Close (Esc)"),
      make("h2", {}, counted(state.errors, "error")),
      make("small", {}, state.sound ? "" : "The page below is as it was before."),
      ...errors.map(problem)));
  };

  const frame = make("div", { class: "frame", hidden: "" });
  const outline = (id, show) => {
    const found = document.getElementById(id);
    frame.hidden = !(found && show);
    if (frame.hidden) return;
    const box = found.getBoundingClientRect();
    Object.assign(frame.style, { left: `${box.left - 4}px`, top: `${box.top - 4}px`,
      width: `${box.width + 8}px`, height: `${box.height + 8}px` });
  };
  const part = (item) => make("li", { class: "part", onmouseenter: () => outline(item.id, true),
    onmouseleave: () => outline(item.id, false),
    onclick: () => document.getElementById(item.id)?.scrollIntoView({ block: "center" }) },
    make("b", {}, item.id), ` ${item.said}`, make("br"), place(item),
    ...(item.over || []).map((row) => make("small", {}, `over ${row.said} `, row.path ? place(row) : "")));
  const cell = (item) => make("li", {},
    make("span", { class: item.verdict }, item.verdict), " ", make("a", { href: item.route }, item.name),
    make("small", {}, numbers(item)), ...item.reasons.map((reason) => make("small", {}, reason)));

  const panel = (state) => {
    const page = state.page;
    const warnings = state.problems.filter((item) => item.severity !== "error");
    const shown = page ? [
      make("h2", {}, page.route),
      make("div", {}, `${page.family}: `, make("span", { class: page.verdict }, page.verdict),
        make("small", {}, numbers(page)), ...page.reasons.map((reason) => make("small", {}, reason)),
        page.href && page.href !== page.route ? make("a", { href: page.href }, "its section") : ""),
      make("h2", {}, "Sections"), make("ul", {}, ...page.sections.map(part)),
      make("h2", {}, "Texts and template"),
      make("ul", {}, ...[page.texts, page.template, ...page.rows].map((item) =>
        make("li", {}, `${item.said} `, make("br"), place(item)))),
      ...(page.cells.length ? [make("h2", {}, `Folded and held below: ${page.cells.length}`),
        make("ul", {}, ...page.cells.map(cell))] : []),
    ] : [make("h2", {}, "No cell has this address")];
    return make("aside", { "aria-label": "Where this page is written" },
      make("button", { class: "right", onclick: () => toggle(state) }, "Close"), ...shown,
      make("h2", {}, `${counted(state.warnings, "warning")}${state.proved ? "" : ", still looking"}`),
      ...warnings.map(problem));
  };

  const toggle = (state) => {
    open = !open;
    sessionStorage.setItem("pageloom-open", open ? "yes" : "no");
    draw(state);
  };
  const tab = (state) => make("button", { class: "tab", onclick: () => toggle(state) },
    state.errors ? make("b", {}, `${counted(state.errors, "error")} `) : "",
    state.warnings ? make("i", {}, `${counted(state.warnings, "warning")} `) : "", "Where is this written?");

  let last = null;
  const draw = (state) => {
    last = state;
    root = state.root;
    const top = shadow.querySelector("aside")?.scrollTop || 0;
    shadow.replaceChildren(make("style", {}, style), frame, open ? panel(state) : tab(state), overlay(state));
    const aside = shadow.querySelector("aside");
    if (aside) aside.scrollTop = top;
  };
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !last || !shadow.querySelector(".over")) return;
    shadow.querySelector(".over button").click();
  });
  addEventListener("scroll", () => { frame.hidden = true; }, { passive: true });

  const look = async () => draw(await (await fetch(`/__pageloom/state?${asked}`)).json());
  const events = new EventSource(`/__pageloom/events?${asked}&digest=${digest}`);
  events.addEventListener("reload", () => { events.close(); location.reload(); });
  events.addEventListener("state", look);
  addEventListener("pagehide", () => events.close());
})();
