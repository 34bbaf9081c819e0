// Looks at pages as several devices show them, by emulation in a Chromium that is installed, and says what is wrong with each.
//
// Reads from stdin: { "chromium": "…", "folder": "…" | null, "pages": [{ "name", "url" }], "devices": [{ "width", "isDark" }] }.
// Writes to stdout a list of { page, width, isDark, innerWidth, height, wider, broken, violations, refused }.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const wish = JSON.parse(readFileSync(0, "utf8"));
// Narrower ones are telephones.
const PHONE = 500;
const HEIGHTS = { phone: 800, desk: 900 };

const arguments_ = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"];
const rules = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1";
const browser = await chromium.launch({ executablePath: wish.chromium, args: [...arguments_, rules] });

// Rules that look at colours; all others say the same in any.
const COLOURS = ["color-contrast"];

async function measure(tab, device, isFirst) {
  await tab.setViewportSize({ width: device.width, height: device.width < PHONE ? HEIGHTS.phone : HEIGHTS.desk });
  await tab.emulateMedia({ colorScheme: device.isDark ? "dark" : "light" });
  const options = { resultTypes: ["violations"], ...(isFirst ? {} : { runOnly: COLOURS }) };
  return tab.evaluate(async ({ width, options }) => {
    const words = (element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}: ${element.textContent.slice(0, 60)}`;
    const wider = [...document.querySelectorAll("body, body *")]
      .filter((element) => element.getBoundingClientRect().right > width + 0.5)
      .map(words);
    // Addresses, hashes, states and codes, each in one line.
    const broken = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
      for (const { 0: word, index } of text.data.matchAll(/\b(0x[0-9a-fA-F]{8,}|[A-Z]+(_[A-Z]+)+|[a-z]+(_[a-z0-9]+)+)\b/g)) {
        const range = document.createRange();
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        const lines = new Set([...range.getClientRects()].filter((box) => box.width > 0).map((box) => Math.round(box.top)));
        if (lines.size > 1) broken.push(word);
      }
    }
    if (document.documentElement.scrollWidth > width) wider.push(`the page: ${document.documentElement.scrollWidth}`);
    const { violations } = await axe.run(document, options);
    return {
      innerWidth: window.innerWidth,
      height: document.documentElement.scrollHeight,
      wider,
      broken,
      violations: violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html).join(" | ")}`),
    };
  }, { width: device.width, options });
}

// Looks at every page on these devices, which are all telephones or all desks.
async function look(devices, isMobile) {
  const context = await browser.newContext({ deviceScaleFactor: isMobile ? 2 : 1, isMobile, hasTouch: isMobile });
  await context.addInitScript(axe);
  const results = [];
  for (const page of wish.pages) {
    const tab = await context.newPage();
    const refused = [];
    tab.on("console", (message) => /Content Security Policy|Refused to/.test(message.text()) && refused.push(message.text()));
    tab.on("pageerror", (error) => refused.push(String(error)));
    const measured = new Set();
    await tab.setViewportSize({ width: devices[0].width, height: HEIGHTS.phone });
    await tab.goto(page.url, { waitUntil: "load" });
    for (const device of devices) {
      const seen = await measure(tab, device, !measured.has(device.width));
      measured.add(device.width);
      if (wish.folder !== null) {
        const path = `${wish.folder}/${page.name}-${device.width}-${device.isDark ? "dark" : "light"}.png`;
        await tab.screenshot({ path, fullPage: true });
      }
      results.push({ page: page.name, width: device.width, isDark: device.isDark, refused, ...seen });
    }
    await tab.close();
  }
  await context.close();
  return results;
}

const phones = wish.devices.filter(({ width }) => width < PHONE);
const desks = wish.devices.filter(({ width }) => width >= PHONE);
const kinds = [[phones, true], [desks, false]].filter(([devices]) => devices.length > 0);
const results = await Promise.all(kinds.map(([devices, isMobile]) => look(devices, isMobile)));
await browser.close();
process.stdout.write(JSON.stringify(results.flat()));
