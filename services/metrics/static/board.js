// Offers the chart as one that answers to the pointer. The drawn chart stays what everybody sees first: this only adds a button.

const figure = document.getElementById("board-chart");
const board = JSON.parse(document.getElementById("board-series").textContent);
const locale = document.documentElement.lang;
const oneDecimal = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const monthAndYear = new Intl.DateTimeFormat(locale, { month: "short", year: "numeric", timeZone: "UTC" });
const percent = (_, value) => (value == null ? "–" : `${oneDecimal.format(value)}${locale === "en" ? "" : "\u00a0"}%`);
const month = (seconds) => monthAndYear.format(new Date(seconds * 1000));
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--ds-color-${name}`).trim();

const months = board.values.days.map((day) => Date.parse(`${day}T00:00:00Z`) / 1000);
const levels = Object.entries(board.values.levels);
const columns = [months, ...board.values.lines, ...levels.map(([, value]) => months.map(() => value))];

function options() {
  const subtle = token("neutral-text-subtle");
  const axis = { stroke: subtle, font: "12px Inter, sans-serif", ticks: { show: false }, grid: { stroke: token("neutral-border-subtle"), width: 0.75 } };
  const lines = [
    { stroke: token("neutral-border-default"), width: 1.4, points: { show: true, size: 7, fill: token("neutral-background-default") } },
    { stroke: token("accent-base-default"), width: 3 },
    { stroke: token("brand2-base-default"), width: 2.2, dash: [7, 4] },
  ];
  const levelLines = {
    baseline: { stroke: subtle, width: 1.4, dash: [2, 3] },
    target: { stroke: token("success-text-subtle"), width: 2, dash: [10, 3] },
  };
  return {
    width: figure.clientWidth,
    height: Math.min(400, Math.max(240, figure.clientWidth * 0.5)),
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    axes: [
      { ...axis, space: 60, values: (_, splits) => splits.map(month) },
      { ...axis, size: 44, values: (_, splits) => splits.map((split) => oneDecimal.format(split)) },
    ],
    series: [
      { label: board.time, value: (_, __, ___, place) => board.periods[place] ?? "–" },
      ...lines.map((line, i) => ({ label: board.names[i], value: percent, ...line })),
      ...levels.map(([name]) => ({ label: board.levelNames[name], value: percent, points: { show: false }, ...levelLines[name] })),
    ],
  };
}

function load(address) {
  return new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src: address, onload: resolve, onerror: reject });
    document.head.append(script);
  });
}

const tools = Object.assign(document.createElement("p"), { className: "chart-tools" });
const button = Object.assign(document.createElement("button"), { type: "button", className: "ds-button", textContent: board.open });
button.dataset.variant = "secondary";
const live = Object.assign(document.createElement("div"), { className: "chart-live", hidden: true });
const box = document.createElement("div");
const drawn = figure.querySelector(".chart");
live.setAttribute("role", "img");
live.setAttribute("aria-label", `${drawn.querySelector("title").textContent}. ${drawn.querySelector("desc").textContent.trim()}`);
live.append(Object.assign(document.createElement("p"), { className: "chart-hint", textContent: board.hint }), box);
tools.append(button);
figure.append(live);
figure.after(tools);
let plot;

function draw() {
  plot?.destroy();
  plot = new uPlot(options(), columns, box);
}

button.addEventListener("click", async () => {
  if (!window.uPlot) await load(new URL("vendor/uplot/uPlot.min.js", import.meta.url));
  live.hidden = !live.hidden;
  figure.classList.toggle("is-live", !live.hidden);
  button.textContent = live.hidden ? board.open : board.close;
  if (!live.hidden) draw();
});
new ResizeObserver(() => live.hidden || plot?.setSize({ width: figure.clientWidth, height: plot.height })).observe(figure);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => live.hidden || draw());
