// Pages come from the rows in data/ by pagination, one template a kind of page.
module.exports = function (config) {
  config.addPassthroughCopy({ static: "/" });
  config.setQuietMode(true);
  return {
    dir: { input: "pages", output: "_site", includes: "../lib", data: "../lib/none" },
    templateFormats: ["11ty.js"],
  };
};
