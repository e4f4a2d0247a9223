const rows = require("../lib/rows.js");
const html = require("../lib/html.js");
const words = require("../lib/words.js");

const { e, items, once } = html;

const rights = (plan) => once(`rights ${plan.slug}`, () => {
  const said = plan.rights.map((right, place) => {
    const number = place + 1;
    const link = `<a href="#source-${number}" aria-label="source ${number}">${number}</a>`;
    return `<li>${e(right.statement)}<sup class="cite">${link}</sup></li>\n`;
  });
  return `<section id="rights" class="is-rights">
<h2>Your rights and your deadline</h2>
<p>${e(plan.how_to_tell)}</p>
<h3>The way through, step by step</h3>
<ol>
${items(plan.ladder)}</ol>
<h3>What you may ask for</h3>
<ul>
${said.join("")}</ul>
<h3>What goes wrong</h3>
<ul>
${items(plan.traps)}</ul>
</section>`;
});

const sources = (plan) => once(`sources ${plan.slug}`, () => {
  const said = plan.rights.map((right, place) =>
    `<li id="source-${place + 1}">${e(right.title)}. ${e(right.publisher)}. <span>${e(right.citation)}</span>. <small>Checked ${e(right.as_of)}</small></li>\n`);
  return `<section id="sources">
<h2>Sources</h2>
<ol>
${said.join("")}</ol>
</section>`;
});

const help = once("help", () => `<section id="help" class="is-help">
<h2>Free help</h2>
${rows.help.map((text) => `<p>${e(text)}</p>\n`).join("")}</section><section id="offer" class="is-offer">
<div class="offer">
<p>This is a service of ours. You do not need it to appeal: the steps above are free, and so is the help named there.</p>
<p><a class="button" href="https://appeals.example/letter">Start an appeal letter</a> <span>A person reads it before you send it</span></p>
</div>
</section>`);

function related({ payer, procedure, reason }) {
  const others = [
    ...rows.nearReasons.get(reason.slug).map((slug) => [payer, procedure, rows.reasons.rows[slug]]),
    ...rows.nearPayers.get(procedure.slug).get(payer.slug)
      .map((slug) => [rows.payers.rows[slug], procedure, reason]),
    ...rows.nearProcedures.get(payer.slug).get(procedure.slug)
      .map((slug) => [payer, rows.procedures.rows[slug], reason]),
  ];
  const links = others.map(([p, q, r]) =>
    `<li><a href="/${p.slug}/${q.slug}/${r.slug}/">${e(`${p.short} denied ${q.name} ${r.phrase}`)}</a></li>\n`);
  return `<aside class="related" aria-labelledby="related-heading">
<h2 id="related-heading">Related pages</h2>
<ul>
${links.join("")}</ul>
</aside>`;
}

module.exports = class {
  data() {
    return {
      entries: rows.cells,
      pagination: { data: "entries", size: 1, alias: "entry" },
      permalink: ({ entry }) => `${rows.routes.denial(entry)}index.html`,
      eleventyExcludeFromCollections: true,
    };
  }

  render({ entry }) {
    const payer = rows.payers.rows[entry.payer];
    const procedure = rows.procedures.rows[entry.procedure];
    const reason = rows.reasons.rows[entry.reason];
    const plan = rows.plans.rows[payer.plan];
    const route = rows.routes.denial(entry);
    const own = route.slice(1, -1);
    const angle = rows.exact[own] ? `exact/${own}` : `angles/${procedure.slug}/${reason.slug}`;
    const page = {
      family: "denial",
      type: "article",
      title: `${procedure.short} denied by ${payer.short}: ${reason.short}`,
      description: `${payer.short} denied a ${procedure.short} ${reason.phrase}? What the letter means, your deadline, what to gather and how to answer.`,
      h1: `${procedure.name} denied by ${payer.name} ${reason.phrase}?`,
      crumb: `${payer.short} denied ${procedure.name} ${reason.phrase}`,
      crumbs: [
        { href: "/", title: "Appeal Atlas" },
        { href: `/${payer.slug}/`, title: payer.name },
        { href: `/${payer.slug}/${procedure.slug}/`, title: `${payer.name}: ${procedure.name}` },
      ],
    };
    const answer = words(`answer/${reason.slug}`)
      .replaceAll("@payer@", e(payer.name))
      .replaceAll("@procedure@", e(procedure.name));
    const main = `<div class="lead" id="answer">
${answer}</div>
<p class="pointer"><a href="#rights">Your time to appeal is limited. Find your deadline.</a></p>
${rights(plan)}${html.criteria(payer, procedure)}<section id="angle" class="is-angle">
<h2>Why this was denied, and what to say</h2>
${words(angle).replaceAll("@payer@", e(payer.name))}</section><section id="next" class="is-next">
<h2>What happens next</h2>
${words(`next/${reason.slug}`)}</section>${help}${sources(plan)}`;
    return html.base(page, route, main, related({ payer, procedure, reason }));
  }
};
