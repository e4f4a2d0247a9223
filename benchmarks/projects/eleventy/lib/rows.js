// Rows by slug and in order, pairs by each of their rows, and the addresses of all pages.
const fs = require("fs");
const path = require("path");

const root = path.join(__dirname, "..");
const read = (name) => JSON.parse(fs.readFileSync(path.join(root, "data", `${name}.json`), "utf8"));

const payers = read("payers");
const procedures = read("procedures");
const reasons = read("reasons");
const plans = read("plans");
const pairs = read("pairs");
const exact = read("exact");
const help = read("help");

const PER_PAGE = 80;

function grouped(key, other) {
  const groups = new Map();
  for (const name of pairs.order) {
    const pair = pairs.rows[name];
    if (!groups.has(pair[key])) groups.set(pair[key], []);
    groups.get(pair[key]).push(pair[other]);
  }
  return groups;
}
const byPayer = grouped("payer", "procedure");
const byProcedure = grouped("procedure", "payer");

// The `count` entries of a ring that follow each entry.
function ring(list, count) {
  const most = Math.min(count, list.length - 1);
  const next = new Map();
  list.forEach((item, place) => {
    const found = [];
    for (let step = 1; step <= most; step++) found.push(list[(place + step) % list.length]);
    next.set(item, found);
  });
  return next;
}
const rings = (groups) => new Map([...groups].map(([slug, list]) => [slug, ring(list, 2)]));
const nearProcedures = rings(byPayer);
const nearPayers = rings(byProcedure);
const nearReasons = ring(reasons.order, 4);

function pagesOf(list) {
  return Math.max(1, Math.ceil(list.length / PER_PAGE));
}
function numbered(slugs, groups) {
  const found = [];
  for (const slug of slugs) {
    const list = groups.get(slug) || [];
    const total = pagesOf(list);
    for (let number = 1; number <= total; number++) found.push({ slug, list, number, total });
  }
  return found;
}
const homeLinks = [
  ...payers.order.map((slug) => ({ list: "payers", slug })),
  ...procedures.order.map((slug) => ({ list: "procedures", slug })),
];
const homePages = [];
for (let number = 1; number <= pagesOf(homeLinks); number++) {
  homePages.push({ list: homeLinks, number, total: pagesOf(homeLinks) });
}
const payerPages = numbered(payers.order, byPayer);
const procedurePages = numbered(procedures.order, byProcedure);
const pairPages = pairs.order.map((name) => pairs.rows[name]);
const cells = [];
for (const pair of pairPages) {
  for (const reason of reasons.order) {
    cells.push({ payer: pair.payer, procedure: pair.procedure, reason });
  }
}

const page = (route, number) => (number === 1 ? route : `${route}page/${number}/`);
const routes = {
  home: (entry) => page("/", entry.number),
  payer: (entry) => page(`/${entry.slug}/`, entry.number),
  procedure: (entry) => page(`/procedures/${entry.slug}/`, entry.number),
  pair: (entry) => `/${entry.payer}/${entry.procedure}/`,
  denial: (entry) => `/${entry.payer}/${entry.procedure}/${entry.reason}/`,
};

module.exports = {
  root, payers, procedures, reasons, plans, pairs, exact, help, PER_PAGE,
  nearProcedures, nearPayers, nearReasons,
  homePages, payerPages, procedurePages, pairPages, cells, routes, page,
};
