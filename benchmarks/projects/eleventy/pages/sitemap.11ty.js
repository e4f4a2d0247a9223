const rows = require("../lib/rows.js");

module.exports = class {
  data() {
    return { permalink: "/sitemap.xml", eleventyExcludeFromCollections: true };
  }

  render() {
    const addresses = [
      ...rows.homePages.map(rows.routes.home),
      ...rows.payerPages.map(rows.routes.payer),
      ...rows.procedurePages.map(rows.routes.procedure),
      ...rows.pairPages.map(rows.routes.pair),
      ...rows.cells.map(rows.routes.denial),
    ];
    const urls = addresses.map((route) => `<url><loc>https://appeals.example${route}</loc></url>\n`);
    return `<?xml version="1.0" encoding="utf-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
${urls.join("")}</urlset>
`;
  }
};
