// Markdown, each file converted once.
const fs = require("fs");
const path = require("path");
const markdown = require("markdown-it")();
const { root } = require("./rows.js");

const made = new Map();

module.exports = function words(name) {
  let html = made.get(name);
  if (html === undefined) {
    html = markdown.render(fs.readFileSync(path.join(root, "words", `${name}.md`), "utf8"));
    made.set(name, html);
  }
  return html;
};
