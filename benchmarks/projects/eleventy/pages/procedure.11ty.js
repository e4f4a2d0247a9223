const rows = require("../lib/rows.js");
const html = require("../lib/html.js");

module.exports = class {
  data() {
    return {
      entries: rows.procedurePages,
      pagination: { data: "entries", size: 1, alias: "entry" },
      permalink: ({ entry }) => `${rows.routes.procedure(entry)}index.html`,
      eleventyExcludeFromCollections: true,
    };
  }

  render({ entry }) {
    const procedure = rows.procedures.rows[entry.slug];
    const route = `/procedures/${procedure.slug}/`;
    const links = html.shown(entry).map((slug) => ({
      href: `/${slug}/${procedure.slug}/`,
      title: `${rows.payers.rows[slug].name}: ${procedure.name}`,
      line: rows.pairs.rows[`${slug}/${procedure.slug}`].line,
    }));
    const page = {
      family: "procedure",
      type: "website",
      title: html.numbered(`${procedure.short} denied: how to appeal, by payer`, entry),
      description: html.numbered(`Why insurers deny a ${procedure.name}, what each of them asks you to prove and how to appeal, with a page for each insurer.`, entry),
      h1: `${procedure.name}: denials and appeals`,
      crumb: procedure.name,
      crumbs: [{ href: "/", title: "Appeal Atlas" }],
      sections: links.length ? [{ id: "pairs", heading: "Insurers", links }] : [],
    };
    return html.base(page, rows.routes.procedure(entry), html.sections(page) + html.pager(entry, route));
  }
};
