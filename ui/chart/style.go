package chart

// Style is the CSS of charts. Light and dark follow the reader's choice.
const Style = `
.chart { --ink: #1b1f24; --faint: #6b7280; --grid: #00000014; --line: #1f5fa8; --band: #1f5fa822; --expected: #1f5fa877;
  --low: #3b8fd0; --medium: #d98200; --high: #d02b2b; --note: #5b4bb5; display: block; overflow: visible; font: 11px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { .chart { --ink: #e6e8ea; --faint: #9aa3ad; --grid: #ffffff1a; --line: #7db7ee; --band: #7db7ee26;
  --expected: #7db7ee77; --low: #5aa9e6; --medium: #f0a030; --high: #ff6b6b; --note: #b3a5ff; } }
.chart path { fill: none; vector-effect: non-scaling-stroke; }
.chart .line { stroke: var(--line); stroke-width: 1.2; stroke-linejoin: round; }
.chart .expected { stroke: var(--expected); stroke-width: 1; stroke-dasharray: 3 3; }
.chart .band { fill: var(--band); }
.chart .grid { stroke: var(--grid); stroke-width: 1; }
.chart .rule { stroke: var(--faint); stroke-width: 1; stroke-dasharray: 5 4; }
.chart .span { opacity: .38; fill: var(--low); }
.chart .span.medium { fill: var(--medium); }
.chart .span.high { fill: var(--high); }
.chart .span:hover { opacity: .6; }
.chart text { fill: var(--faint); }
.chart .value { paint-order: stroke; stroke: var(--paper, Canvas); stroke-width: 3px; stroke-linejoin: round; }
.chart .time, .chart .mark text { text-anchor: middle; }
.chart .tick { stroke: var(--faint); }
.chart .mark line { stroke: var(--note); stroke-dasharray: 2 3; }
.chart .mark text { fill: var(--note); font-weight: 600; }
@media (max-width: 40rem) { .chart .more { display: none; } }
`
