package chart

// Style is the CSS of charts. Light and dark follow the color-scheme of the page.
const Style = `
.chart { --ink: light-dark(#1b1f24, #e6e8ea); --faint: light-dark(#5c6570, #9aa3ad); --grid: light-dark(#00000012, #ffffff17); --line: light-dark(#1f5fa8, #7db7ee);
  --band: light-dark(#1f5fa81f, #7db7ee26); --expected: light-dark(#1f5fa888, #7db7ee88); --demand: light-dark(#0f766e, #4fd1c0); --allocated: light-dark(#33383e, #c9ced4);
  --forecast: light-dark(#7a3fb0, #c79bf2); --low: light-dark(#3b8fd0, #5aa9e6); --medium: light-dark(#d98200, #f0a030); --high: light-dark(#d02b2b, #ff6b6b);
  --note: light-dark(#5b4bb5, #b3a5ff); --good: light-dark(#1d7a3a, #5fce85);
  display: block; overflow: visible; font: 11px system-ui, sans-serif; }
.chart path { fill: none; vector-effect: non-scaling-stroke; }
.chart .line { stroke: var(--line); stroke-width: 1.2; stroke-linejoin: round; }
.chart .expected { stroke: var(--expected); stroke-width: 1; stroke-dasharray: 3 3; }
.chart .band { fill: var(--band); }
.chart .fan { fill: var(--forecast); fill-opacity: .13; }
.chart .forecast { stroke: var(--forecast); stroke-width: 1.3; stroke-dasharray: 4 3; }
.chart .demand { stroke: var(--demand); stroke-width: 1.2; }
.chart .allocated { stroke: var(--allocated); stroke-width: 1.6; }
.chart .grid { stroke: var(--grid); stroke-width: 1; }
.chart .rule { stroke: var(--faint); stroke-width: 1; stroke-dasharray: 5 4; }
.chart .rule.limit { stroke: var(--high); }
.chart .span { opacity: .3; fill: var(--low); }
.chart .span.medium { fill: var(--medium); }
.chart .span.high { fill: var(--high); }
.chart .span.pale { opacity: .12; }
.chart .span.apart { fill: var(--faint); opacity: .14; }
.chart .span:hover { opacity: .55; }
.chart .now { fill: var(--faint); fill-opacity: .06; }
.chart text { fill: var(--faint); }
.chart .value, .chart .label { paint-order: stroke; stroke: var(--paper, Canvas); stroke-width: 3px; stroke-linejoin: round; }
.chart .time, .chart .label, .chart .mark text { text-anchor: middle; }
.chart .label.after { text-anchor: start; }
.chart .label.before { text-anchor: end; }
.chart .tick { stroke: var(--faint); }
.chart .mark line { stroke: var(--note); stroke-dasharray: 2 3; }
.chart .mark text { fill: var(--note); font-weight: 600; }
.chart .mark.helped text { fill: var(--good); }
.chart .mark.unhelped text { fill: var(--high); }
.chart .mark.hold line { stroke: none; }
.chart .mark.hold text { fill: var(--faint); }
.chart .end { fill: var(--line); }
.chart .end.low { fill: var(--low); }
.chart .end.medium { fill: var(--medium); }
.chart .end.high { fill: var(--high); }
@media (max-width: 40rem) { .chart .more { display: none; } }
`
