// The look of the picture. Colours are written out in it, so that a saved picture has them: few programs know var().
import { FONT } from "../shared/dom.js";

/** @param {Record<string, string>} c colours by meaning */
export function style(c) {
  return `
    text { font: 13px ${FONT}; font-variant-numeric: tabular-nums; fill: ${c.text}; }
    .small { font-size: 11px; fill: ${c.muted}; paint-order: stroke; stroke: ${c.page}; stroke-width: 3px; }
    .line { fill: none; stroke: ${c.path}; opacity: .42; }
    .line.pruned { stroke-dasharray: 3 4; opacity: .25; }
    .frame { fill: ${c.card}; stroke: ${c.frame}; stroke-width: 1; }
    .edge { cursor: pointer; outline: none; }
    .edge:hover .frame { stroke: ${c.text}; stroke-width: 1.6; }
    .edge:focus-visible .frame { stroke: ${c.frozen}; stroke-width: 3; }
    .curve { fill: none; stroke: ${c.spline}; stroke-linejoin: round; stroke-linecap: round; }
    .formula.curve, .formula .curve { stroke: ${c.formula}; }
    .both.curve, .both .curve { stroke: ${c.both}; stroke-dasharray: 7 2; }
    .pruned.curve, .pruned .curve { stroke: ${c.pruned}; stroke-dasharray: 3 3; opacity: .8; }
    .edge.pruned .frame { fill: transparent; stroke-dasharray: 3 3; }
    .chosen .frame, .edge.chosen:hover .frame { stroke: ${c.selected}; stroke-width: 2.6; }
    .line.chosen { stroke: ${c.selected}; opacity: 1; }
    .lit .frame { stroke: ${c.marked}; stroke-width: 2.2; stroke-dasharray: 3 2; }
    .away { opacity: .14; }
    .sign circle { fill: ${c.formula}; } .both .sign circle { fill: ${c.both}; }
    .sign text { font-size: 11px; font-style: italic; fill: ${c.page}; }
    .ice circle { fill: ${c.card}; stroke: ${c.frozen}; stroke-width: 1.4; }
    .ice text { font-size: 11px; fill: ${c.frozen}; }
    .join { fill: none; stroke: ${c.muted}; stroke-width: 2; }
    .sum { fill: ${c.card}; stroke: ${c.muted}; stroke-width: 1.8; }
    .node circle { fill: ${c.text}; } .node.lone circle { fill: ${c.pruned}; }
    .times { fill: ${c.page}; font-size: 15px; }
    .step path { stroke: ${c.muted}; stroke-width: 3; opacity: .55; }
    .step rect { fill: ${c.page}; stroke: ${c.muted}; stroke-width: 1.2; }
    .step text { font-size: 12px; fill: ${c.text}; }
    .cells { fill: transparent; stroke: ${c.frame}; cursor: crosshair; outline: none; }
    .cells:focus-visible { stroke: ${c.frozen}; stroke-width: 2.5; }
    .cursor { fill: none; stroke: ${c.selected}; stroke-width: 2.5; pointer-events: none; }
    svg.zoomed { cursor: grab; }`;
}
