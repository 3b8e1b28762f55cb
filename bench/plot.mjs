// A bar chart as SVG: time over native on a logarithmic axis, a bar per machine and program. Colours suit light and dark pages.
import { geometricMean } from "./statistics.mjs";
import { ratio } from "./table.mjs";

const COLORS = ["#8a8f98", "#d08a2e", "#4a90d9", "#3aa66a", "#b06ab3"];
const LEFT = 130, RIGHT = 60, WIDTH = 860, BAR = 9, GAP = 8, TOP = 64;

const escape = (text) => text.replace(/[&<>]/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** @param rows programs with `group` and `seconds` by machine; @param about a line below the title */
export function barChart(rows, machines, about) {
  const shown = machines.filter((name) => name !== "native");
  const over = ({ seconds }, name) => seconds[name] / seconds.native;
  const bars = [];
  for (const group of new Set(rows.map((row) => row.group))) {
    const within = rows.filter((row) => row.group === group);
    for (const row of within) bars.push({ title: row.name, values: shown.map((name) => over(row, name)) });
    if (within.length > 1) bars.push({ title: `${group}, mean`, strong: true, values: shown.map((name) => geometricMean(within.map((row) => over(row, name)))) });
  }
  const measured = (value) => Number.isFinite(value) && value > 0;
  const values = bars.flatMap((bar) => bar.values).filter(measured);
  const low = Math.min(1, ...values), high = Math.max(10, ...values);
  const x = (value) => LEFT + (WIDTH - LEFT - RIGHT) * Math.log(value / low) / Math.log(high / low);
  const pitch = BAR * shown.length + GAP, height = TOP + pitch * bars.length + 30;
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#fff"/><text x="10" y="20" font-size="15" font-weight="600">Time over native (less is better)</text>`,
    `<text x="10" y="36" font-size="10" fill="#666">${escape(about)}</text>`,
    ...shown.map((name, at) => `<rect x="${LEFT + at * 110}" y="44" width="10" height="10" fill="${COLORS[at % COLORS.length]}"/><text x="${LEFT + 14 + at * 110}" y="53">${escape(name)}</text>`),
  ];
  const bottom = height - 26;
  for (let decade = 10 ** Math.floor(Math.log10(low)); decade <= high; decade *= 10) for (const step of [1, 2, 5]) {
    const value = decade * step;
    if (value < low || value > high) continue;
    const at = x(value).toFixed(1);
    out.push(`<line x1="${at}" y1="${TOP}" x2="${at}" y2="${bottom}" stroke="#ddd"/><text x="${at}" y="${bottom + 16}" text-anchor="middle" fill="#666">${Number(value.toPrecision(1))}×</text>`);
  }
  bars.forEach(({ title, strong, values: row }, index) => {
    const top = TOP + index * pitch;
    out.push(`<text x="${LEFT - 8}" y="${(top + pitch / 2).toFixed(1)}" text-anchor="end"${strong ? ' font-weight="600"' : ""}>${escape(title)}</text>`);
    row.forEach((value, at) => {
      if (!measured(value)) return;
      const from = x(Math.min(1, value)), to = x(Math.max(1, value)), y = top + at * BAR;
      out.push(`<rect x="${from.toFixed(1)}" y="${y}" width="${Math.max(to - from, 1).toFixed(1)}" height="${BAR - 1}" fill="${COLORS[at % COLORS.length]}"/>`,
        `<text x="${(to + 3).toFixed(1)}" y="${y + BAR - 1}" font-size="8" fill="#666">${ratio(value)}</text>`);
    });
  });
  return `${out.join("\n")}\n</svg>\n`;
}
