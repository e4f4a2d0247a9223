const rows = require("../lib/rows.js");
const html = require("../lib/html.js");

module.exports = class {
  data() {
    return {
      entries: rows.payerPages,
      pagination: { data: "entries", size: 1, alias: "entry" },
      permalink: ({ entry }) => `${rows.routes.payer(entry)}index.html`,
      eleventyExcludeFromCollections: true,
    };
  }

  render({ entry }) {
    const payer = rows.payers.rows[entry.slug];
    const route = `/${payer.slug}/`;
    const links = html.shown(entry).map((slug) => ({
      href: `${route}${slug}/`,
      title: `${payer.name}: ${rows.procedures.rows[slug].name}`,
      line: rows.pairs.rows[`${payer.slug}/${slug}`].line,
    }));
    const page = {
      family: "payer",
      type: "website",
      title: html.numbered(`${payer.name} denials: how to appeal`, entry),
      description: html.numbered(`How ${payer.name} decides, what its letters mean and how to appeal: one page for each procedure, with what to send and by when.`, entry),
      h1: `Appealing a ${payer.name} denial`,
      crumb: payer.name,
      crumbs: [{ href: "/", title: "Appeal Atlas" }],
      sections: links.length ? [{ id: "pairs", heading: "Procedures", links }] : [],
    };
    return html.base(page, rows.routes.payer(entry), html.sections(page) + html.pager(entry, route));
  }
};
