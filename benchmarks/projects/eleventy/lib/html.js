// The frame of every page, and what pages share.
const rows = require("./rows.js");

const SITE = "https://appeals.example";
const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };
const special = /[&<>"']/g;
const e = (text) => text.replace(special, (letter) => ESCAPES[letter]);

const made = new Map();
function once(key, make) {
  let html = made.get(key);
  if (html === undefined) {
    html = make();
    made.set(key, html);
  }
  return html;
}

const header = `<a class="skip" href="#main">Skip to the main text</a>
<header class="top">
<a class="brand" href="/">Appeal Atlas</a>
<nav aria-label="Main menu">
<ul>
<li><a href="/#payers">Insurers</a></li>
<li><a href="/#procedures">Procedures</a></li>
<li><a href="mailto:contact@appeals.example">Contact</a></li>
</ul>
</nav>
</header>
`;
const footer = `<footer class="foot">
<p>This site explains how appeals work. It is not legal or medical advice, and it does not speak for any insurer. The rules that count are those of your own plan; the letter you received names them, and the plan must send them to you free of charge when you ask.</p>
<p>Pages are made from a table of insurers, procedures and reasons, and from texts that people wrote. Each rule names its source and the date on which it was last checked. If something here is wrong, write to us and we correct it.</p>
<p><b>Appeal Atlas</b> <a href="mailto:contact@appeals.example">contact@appeals.example</a></p>
</footer>
`;

function graph(page, url) {
  const links = (page.sections || []).flatMap((section) => section.links);
  const node = {
    "@type": links.length ? "CollectionPage" : "WebPage",
    "@id": `${url}#webpage`,
    url,
    name: page.h1,
    inLanguage: "en",
    isPartOf: { "@id": `${SITE}/#website` },
  };
  const nodes = [
    {
      "@type": "WebSite",
      "@id": `${SITE}/#website`,
      url: `${SITE}/`,
      name: "Appeal Atlas",
      publisher: { "@id": `${SITE}/#organization` },
    },
    {
      "@type": "Organization",
      "@id": `${SITE}/#organization`,
      url: `${SITE}/`,
      name: "Appeal Atlas",
    },
    node,
  ];
  if (page.crumbs) {
    node.breadcrumb = { "@id": `${url}#breadcrumb` };
    const above = page.crumbs.map((crumb) => [crumb.title, SITE + crumb.href]);
    nodes.push({
      "@type": "BreadcrumbList",
      "@id": `${url}#breadcrumb`,
      itemListElement: [...above, [page.crumb, url]].map(([name, item], place) => ({
        "@type": "ListItem",
        position: place + 1,
        name,
        item,
      })),
    });
  }
  if (page.type === "article") {
    nodes.push({
      "@type": "Article",
      "@id": `${url}#article`,
      headline: page.h1,
      mainEntityOfPage: { "@id": `${url}#webpage` },
      author: { "@id": `${SITE}/#organization` },
      publisher: { "@id": `${SITE}/#organization` },
    });
  }
  if (links.length) {
    node.mainEntity = { "@id": `${url}#list` };
    nodes.push({
      "@type": "ItemList",
      "@id": `${url}#list`,
      itemListElement: links.map((link, place) => ({
        "@type": "ListItem",
        position: place + 1,
        name: link.title,
        url: SITE + link.href,
      })),
    });
  }
  const text = JSON.stringify({ "@context": "https://schema.org", "@graph": nodes });
  return text.replace(/</g, "\\u003c").replace(/>/g, "\\u003e").replace(/&/g, "\\u0026");
}

function crumbs(page) {
  if (!page.crumbs) return "";
  const items = page.crumbs.map((item) => `<li><a href="${item.href}">${e(item.title)}</a></li>\n`);
  return `<nav class="crumbs" aria-label="Where you are">
<ol>
${items.join("")}<li aria-current="page">${e(page.crumb)}</li>
</ol>
</nav>`;
}

function base(page, route, main, related = "") {
  const url = SITE + route;
  const title = e(page.title);
  const description = e(page.description);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<meta name="description" content="${description}">
<meta name="robots" content="max-image-preview:large, max-snippet:-1, max-video-preview:-1">
<link rel="canonical" href="${url}">
<meta property="og:type" content="${page.type}">
<meta property="og:site_name" content="Appeal Atlas">
<meta property="og:title" content="${title}">
<meta property="og:description" content="${description}">
<meta property="og:url" content="${url}">
<meta name="twitter:card" content="summary">
<meta name="twitter:title" content="${title}">
<meta name="twitter:description" content="${description}">
<meta name="generator" content="Eleventy">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/assets/site.css">
<script type="application/ld+json">${graph(page, url)}</script>
</head>
<body class="page-${page.family}">
${header}${crumbs(page)}
<main id="main">
<h1>${e(page.h1)}</h1>
${main}
</main>
${related}
${footer}</body>
</html>`;
}

function sections(page) {
  return page.sections.map((section) => `<section id="${section.id}" class="is-${section.id}">
<h2>${section.heading}</h2>
<ul class="index">
${section.links.map((link) => `<li><a href="${link.href}">${e(link.title)}</a><p>${e(link.line)}</p></li>\n`).join("")}</ul>
</section>`).join("");
}

function pager(entry, route) {
  if (entry.total === 1) return "";
  const { number, total } = entry;
  const previous = number > 1 ? ` <a href="${rows.page(route, number - 1)}">Previous page</a>` : "";
  const next = number < total ? ` <a href="${rows.page(route, number + 1)}">Next page</a>` : "";
  return `<p class="pager">Page ${number} of ${total}${previous}${next}</p>`;
}

const numbered = (text, entry) => (entry.number > 1 ? `${text} (page ${entry.number})` : text);
const shown = (entry) =>
  entry.list.slice((entry.number - 1) * rows.PER_PAGE, entry.number * rows.PER_PAGE);

const items = (list) => list.map((item) => `<li>${e(item)}</li>\n`).join("");

function criteria(payer, procedure) {
  return once(`criteria ${payer.slug}/${procedure.slug}`, () => {
    const pair = rows.pairs.rows[`${payer.slug}/${procedure.slug}`];
    const table = procedure.criteria.map(
      (item) => `<tr><th scope="row">${e(item.text)}</th><td>${e(item.proof)}</td></tr>\n`);
    return `<section id="criteria" class="is-criteria">
<h2>What ${e(payer.name)} asks for</h2>
<p>${e(pair.note)}</p>
<ul>
${items(pair.proofs)}</ul>
<table>
<thead><tr><th scope="col">What is asked</th><th scope="col">What shows it</th></tr></thead>
<tbody>
${table.join("")}</tbody>
</table>
</section>`;
  });
}

module.exports = { e, once, base, sections, pager, numbered, shown, items, criteria };
