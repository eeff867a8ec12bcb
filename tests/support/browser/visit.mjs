// Looks at pages in a real browser, as the JSON on stdin says, and prints what it saw as JSON.
//
// Every task has "do" (below), "chromium" (the program) and "modules" (the folder of npm's packages).
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";

const asked = JSON.parse(readFileSync(0, "utf8"));
const require = createRequire(asked.modules + "/");
const { chromium } = require("playwright-core");

const WIDTHS = [390, 1280];
const SCHEMES = ["light", "dark"];

const TASKS = { axe, keys, live, picture };

const browser = await chromium.launch({
  executablePath: asked.chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
try {
  console.log(JSON.stringify(await TASKS[asked.do](asked)));
} finally {
  await browser.close();
}

/** A page of this width, which a script of ours may be added to. */
async function open(url, options = {}) {
  const { width = 1280, height = 800, ...rest } = options;
  const context = await browser.newContext({ viewport: { width, height }, ...rest });
  const page = await context.newPage();
  await page.goto(url, { waitUntil: "load" });
  return page;
}

/** What axe-core finds, one line for each rule on each page. */
async function axe({ urls }) {
  const found = [];
  for (const url of urls) {
    const page = await open(url, { bypassCSP: true });
    await page.addScriptTag({ path: require.resolve("axe-core/axe.min.js") });
    for (const width of WIDTHS) {
      for (const colorScheme of SCHEMES) {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme });
        const result = await page.evaluate(() => window.axe.run(document));
        const say = (text) => found.push(`${url} ${width} ${colorScheme}: ${text}`);
        if (result.passes.length < 10) say("axe checked next to nothing");
        for (const rule of result.violations) {
          const places = rule.nodes.map((node) => node.html.slice(0, 120));
          say(`${rule.id}: ${rule.help}: ${places.join(" | ")}`);
        }
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        if (wide > width) say(`${wide} pixels wide`);
      }
    }
    await page.context().close();
  }
  return found;
}

/** The addresses that the keys lead to, one after the other. */
async function keys({ url, keys }) {
  const page = await open(url);
  const seen = [];
  for (const key of keys) {
    await Promise.all([page.waitForNavigation(), page.keyboard.press(key)]);
    seen.push(page.url());
  }
  return seen;
}

/**
 * Gives a tile the focus and scrolls down, lets the test upload a photo by writing the file `proceed`,
 * waits until the page shows it, and tells where the tile was and is.
 */
async function live({ url, focus, expect, proceed }) {
  const page = await open(url, { height: 400 });
  await page.focus(focus);
  await page.evaluate(() => window.scrollBy(0, 150));
  const state = () =>
    page.evaluate((focus) => {
      const tile = document.querySelector(focus);
      return {
        tiles: document.querySelectorAll("[data-key]").length,
        top: Math.round(tile.getBoundingClientRect().top),
        scrolled: Math.round(window.scrollY),
        focused: document.activeElement === tile,
      };
    }, focus);
  const before = await state();
  writeFileSync(proceed, "");
  await page.waitForSelector(expect, { timeout: 60_000, state: "attached" });
  // The place is put right in the same turn of the page; the next frame shows it.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
  return { before, after: await state() };
}

/** A picture of a page as WebP, at twice the pixels. */
async function picture({ url, file, width, height, quality }) {
  const page = await open(url, { width, height, deviceScaleFactor: 2, bypassCSP: true });
  await page.waitForFunction(() =>
    [...document.images].every((image) => image.complete || image.getBoundingClientRect().top > innerHeight),
  );
  const png = (await page.screenshot()).toString("base64");
  const webp = await page.evaluate(
    async ({ png, quality }) => {
      const image = new Image();
      image.src = "data:image/png;base64," + png;
      await image.decode();
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.width, image.height];
      canvas.getContext("2d").drawImage(image, 0, 0);
      return canvas.toDataURL("image/webp", quality);
    },
    { png, quality },
  );
  writeFileSync(file, Buffer.from(webp.split(",")[1], "base64"));
  return { file };
}
