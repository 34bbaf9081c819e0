// Looks at pages as several devices show them, by emulation in a Chromium that is installed, and says what is wrong with each.
//
// Reads from stdin: { "chromium": "…", "folder": "…" | null, "pages": [{ "name", "url" }], "devices": [{ "width", "isDark" }] }.
// Writes to stdout a list of { page, width, isDark, innerWidth, wider, violations, refused }.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const wish = JSON.parse(readFileSync(0, "utf8"));
// Two at a time: more wait for the same processors.
const SIDE_BY_SIDE = 2;
const HEIGHTS = { phone: 800, desk: 900 };

const arguments_ = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"];
const rules = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1";
const browser = await chromium.launch({ executablePath: wish.chromium, args: [...arguments_, rules] });

async function look(context, device, page) {
  const tab = await context.newPage();
  const refused = [];
  tab.on("console", (message) => /Content Security Policy|Refused to/.test(message.text()) && refused.push(message.text()));
  tab.on("pageerror", (error) => refused.push(String(error)));
  await tab.goto(page.url, { waitUntil: "load" });
  if (wish.folder !== null) {
    const path = `${wish.folder}/${page.name}-${device.width}-${device.isDark ? "dark" : "light"}.png`;
    await tab.screenshot({ path, fullPage: true });
  }
  const seen = await tab.evaluate(async (width) => {
    const wider = [...document.querySelectorAll("body, body *")]
      .filter((element) => element.getBoundingClientRect().right > width + 0.5)
      .map((element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}: ${element.textContent.slice(0, 60)}`);
    if (document.documentElement.scrollWidth > width) wider.push(`the page: ${document.documentElement.scrollWidth}`);
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return {
      innerWidth: window.innerWidth,
      wider,
      violations: violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html).join(" | ")}`),
    };
  }, device.width);
  await tab.close();
  return { page: page.name, width: device.width, isDark: device.isDark, refused, ...seen };
}

const results = [];
const waiting = [...wish.devices];
async function work() {
  for (let device = waiting.shift(); device !== undefined; device = waiting.shift()) {
    const isPhone = device.width < 500;
    const context = await browser.newContext({
      viewport: { width: device.width, height: isPhone ? HEIGHTS.phone : HEIGHTS.desk },
      deviceScaleFactor: isPhone ? 2 : 1,
      isMobile: isPhone,
      hasTouch: isPhone,
      colorScheme: device.isDark ? "dark" : "light",
    });
    await context.addInitScript(axe);
    for (const page of wish.pages) results.push(await look(context, device, page));
    await context.close();
  }
}
await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
await browser.close();
process.stdout.write(JSON.stringify(results));
