const rows = require("../lib/rows.js");
const html = require("../lib/html.js");

module.exports = class {
  data() {
    return {
      entries: rows.pairPages,
      pagination: { data: "entries", size: 1, alias: "entry" },
      permalink: ({ entry }) => `${rows.routes.pair(entry)}index.html`,
      eleventyExcludeFromCollections: true,
    };
  }

  render({ entry }) {
    const payer = rows.payers.rows[entry.payer];
    const procedure = rows.procedures.rows[entry.procedure];
    const route = rows.routes.pair(entry);
    const links = rows.reasons.order.map((slug) => {
      const reason = rows.reasons.rows[slug];
      const title = `${payer.short} denied ${procedure.name} ${reason.phrase}`;
      return { href: `${route}${slug}/`, title, line: reason.line };
    });
    const page = {
      family: "pair",
      type: "website",
      title: `${procedure.short} denied by ${payer.name}`,
      description: `How ${payer.name} decides on a ${procedure.name}, what it asks for, and what to do for each reason of a denial.`,
      h1: `${payer.name} and ${procedure.name}`,
      crumb: `${payer.name}: ${procedure.name}`,
      crumbs: [
        { href: "/", title: "Appeal Atlas" },
        { href: `/${payer.slug}/`, title: payer.name },
      ],
      sections: [{ id: "reasons", heading: "By denial reason", links }],
    };
    return html.base(page, route, html.criteria(payer, procedure) + html.sections(page));
  }
};
