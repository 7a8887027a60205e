// Draws the series of the overview with uPlot. The numbers stand in tables below the charts too; a chart only shows them.
"use strict";
(() => {
  const styles = getComputedStyle(document.documentElement);
  const colour = (name) => styles.getPropertyValue(name).trim();
  const LINES = [["--good", []], ["--warn", [6, 3]], ["--accent", [2, 3]]];

  for (const place of document.querySelectorAll("[data-series]")) {
    const { names, unit, data } = JSON.parse(place.dataset.series);
    const height = place.clientHeight;
    const percent = unit === "%";
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--grid"), width: 1 }, ticks: { stroke: colour("--grid") } };
    const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);
    const chart = new uPlot({
      width: place.clientWidth,
      height: height - 34,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      scales: { x: { time: true }, y: { range: (u, low, high) => [0, percent ? 100 : Math.max(high || 0, 1) * 1.05] } },
      axes: [{ ...axis, space: 80, values: (u, at) => at.map((s) => day(s).slice(5)), incrs: [86400, 2 * 86400, 7 * 86400, 14 * 86400, 28 * 86400] },
             { ...axis, size: 62, values: (u, at) => at.map((v) => v.toLocaleString("en") + (percent ? " %" : "")) }],
      series: [{ label: "Day (UTC)", value: (u, at) => (at === null ? "–" : day(at)) },
        ...names.map((label, n) => ({
          label, stroke: colour(LINES[n][0]), dash: LINES[n][1], width: 2, points: { show: data[0].length < 40, size: 6 },
          value: (u, v) => (v === null ? "–" : v.toLocaleString("en") + (percent ? " %" : "")),
        }))],
      cursor: { drag: { x: false, y: false } },
    }, data, place);
    new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: height - 34 })).observe(place);
  }
})();
