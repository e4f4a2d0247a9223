// Fills in the form of the deadlines page from its table. Nothing typed leaves the page.
"use strict";
(() => {
  const form = document.querySelector("form[data-tool=deadlines]");
  if (!form) return;
  const [plan, kind, date, effect] = ["plan", "kind", "date", "effect"].map((name) => form.querySelector(`#clock-${name}`));
  const result = form.querySelector(".result");
  const words = form.dataset;
  const rows = [...document.querySelectorAll("tr[data-plan]")];
  const long = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "full", timeZone: "UTC" });
  const day = (text) => new Date(`${text}T00:00:00Z`);
  const planName = (slug) => plan.querySelector(`option[value="${slug}"]`).textContent;
  const chosen = () => rows.filter((row) => row.dataset.kind === kind.value && (!plan.value || row.dataset.plan === plan.value));

  function due(row) {
    const { count, unit, mailing = 0 } = row.dataset;
    const rule = { count: Number(count), unit, mailing: Number(mailing), rolls: "rolls" in row.dataset };
    const counted = dueDate(day(date.value), rule);
    return "effect" in row.dataset && effect.value && day(effect.value) > counted ? day(effect.value) : counted;
  }

  function element(name, text = "") {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
  }

  // The rule as the table tells it, with its citation.
  function rule(row) {
    const made = element("p");
    made.append(...[...row.querySelector("td").childNodes].map((node) => node.cloneNode(true)));
    return made;
  }

  function calendarLink(row, last) {
    const escaped = (text) => text.replace(/[\\;,]/g, "\\$&").replace(/\s+/g, " ").trim();
    const plain = row.querySelector("td").cloneNode(true);
    plain.querySelectorAll("sup").forEach((mark) => mark.remove());
    const stamp = (when) => iso(when).replaceAll("-", "");
    const lines = [
      "BEGIN:VCALENDAR", "VERSION:2.0", `PRODID:-//${location.hostname}//deadlines//EN`, "BEGIN:VEVENT",
      `UID:${row.dataset.plan}-${row.dataset.kind}-${stamp(last)}@${location.hostname}`,
      `DTSTAMP:${stamp(new Date())}T000000Z`,
      `DTSTART;VALUE=DATE:${stamp(last)}`, `DTEND;VALUE=DATE:${stamp(plus(last, 1))}`,
      `SUMMARY:${escaped(words.summary)}`, `DESCRIPTION:${escaped(plain.textContent)}`,
      "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-P7D", `DESCRIPTION:${escaped(words.summary)}`, "END:VALARM",
      "END:VEVENT", "END:VCALENDAR", "",
    ].map((line) => line.replace(/.{60}(?=.)/gu, "$&\r\n "));
    const link = element("a", words.calendar);
    link.href = URL.createObjectURL(new Blob([lines.join("\r\n")], { type: "text/calendar" }));
    link.download = `deadline-${iso(last)}.ics`;
    link.className = "action";
    return link;
  }

  function show() {
    const dated = chosen().filter((row) => row.dataset.count).map((row) => ({ row, last: due(row) }));
    dated.sort((a, b) => a.last - b.last);
    const first = dated[0];
    result.replaceChildren();
    if (!date.value) return result.append(element("p", words.missing));
    if (!first) {
      const texts = chosen().map(rule);
      return result.append(element("p", words.open), ...(texts.length === 1 ? texts : []));
    }
    const heading = element("p");
    heading.className = "last-day";
    heading.append(element("span", words.due), element("strong", long.format(first.last)));
    result.append(heading);
    if (!plan.value) {
      const names = dated.filter(({ last }) => last.getTime() === first.last.getTime()).map(({ row }) => planName(row.dataset.plan));
      result.append(element("p", `${words.earliest} ${names.join("; ")}.`));
    }
    result.append(rule(first.row), calendarLink(first.row, first.last));
  }

  // Which date to ask for depends on the plan and the letter.
  function adapt() {
    const found = chosen();
    const byReceipt = Boolean(plan.value) && found.some((row) => row.dataset.starts === "receipt");
    form.querySelector("label[for=clock-date]").textContent = byReceipt ? words.receipt : words.notice;
    effect.parentElement.hidden = !found.some((row) => "effect" in row.dataset);
    if (result.firstChild) show();
  }

  function fromAddress() {
    const asked = new URLSearchParams(location.hash.slice(1));
    if (!asked.has("plan")) return;
    plan.value = asked.get("plan");
    if (plan.selectedIndex < 0) plan.value = "";
    kind.value = asked.get("kind");
    if (kind.selectedIndex < 0) kind.selectedIndex = 0;
    adapt();
    form.scrollIntoView();
  }

  rows.forEach((row) => row.removeAttribute("id"));
  form.addEventListener("change", adapt);
  form.addEventListener("submit", (event) => { event.preventDefault(); show(); });
  addEventListener("hashchange", fromAddress);
  addEventListener("load", fromAddress);
  adapt();
})();
