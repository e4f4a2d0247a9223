const rows = require("../lib/rows.js");
const html = require("../lib/html.js");

module.exports = class {
  data() {
    return {
      entries: rows.homePages,
      pagination: { data: "entries", size: 1, alias: "entry" },
      permalink: ({ entry }) => `${rows.routes.home(entry)}index.html`,
      eleventyExcludeFromCollections: true,
    };
  }

  render({ entry }) {
    const links = html.shown(entry).map(({ list, slug }) => {
      const row = rows[list].rows[slug];
      const href = list === "payers" ? `/${slug}/` : `/procedures/${slug}/`;
      return { list, href, title: row.name, line: row.line };
    });
    const page = {
      family: "home",
      type: "website",
      title: html.numbered("Appeal Atlas: answer a denied insurance claim", entry),
      description: html.numbered("Find your insurer or your procedure, read what the letter means, what it asks you to prove, your deadline, and how to write the appeal.", entry),
      h1: "Your claim was denied. Start here.",
      sections: [
        { id: "payers", heading: "Who sent the letter?" },
        { id: "procedures", heading: "What was denied?" },
      ]
        .map((section) => ({ ...section, links: links.filter((link) => link.list === section.id) }))
        .filter((section) => section.links.length),
    };
    return html.base(page, rows.routes.home(entry), html.sections(page) + html.pager(entry, "/"));
  }
};
