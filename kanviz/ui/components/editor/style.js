// The look of the picture. Colours come with the payload, by meaning, and are written out in the picture itself.
import { FONT } from "../shared/dom.js";

/** @param {Record<string, string>} c colours by meaning */
export function style(c) {
  return `
    text { font: 12px ${FONT}; font-variant-numeric: tabular-nums; fill: ${c.muted}; }
    .label { font-size: 13px; }
    .rule { stroke: ${c.line}; } .axis { stroke: ${c.frame}; stroke-width: 1.4; }
    .outside { fill: ${c.muted}; opacity: .14; } .unseen { fill: ${c.muted}; opacity: .06; }
    .lit { fill: ${c.point}; opacity: .12; } .region { fill: ${c.formula}; opacity: .16; }
    .density { fill: ${c.density}; } .picked { fill: ${c.marked}; } rect.picked { opacity: .75; }
    .legend { font-size: 11px; paint-order: stroke; stroke: ${c.page}; stroke-width: 3px; }
    .knot { stroke: ${c.text}; stroke-width: 1.4; }
    .total, .spline, .base, .formula, .before, .resting, .polygon { fill: none; }
    path.formula { stroke: ${c.formula}; stroke-width: 1.6; stroke-dasharray: 2 3; }
    .total { stroke: ${c.spline}; stroke-width: 2.8; stroke-linejoin: round; pointer-events: none; }
    path.total.both { stroke: ${c.both}; }
    path.total.formula { stroke: ${c.formula}; stroke-width: 2.8; stroke-dasharray: none; }
    path.total.pruned { stroke: ${c.muted}; } path.total.spline { stroke: ${c.spline}; stroke-width: 2.8; }
    .resting, .before { stroke: ${c.before}; stroke-width: 2; stroke-dasharray: 6 4; }
    .spline { stroke: ${c.spline_part}; stroke-width: 1.6; }
    .base { stroke: ${c.base_part}; stroke-width: 1.6; stroke-dasharray: 7 3 2 3; }
    .polygon { stroke: ${c.point}; stroke-dasharray: 2 3; opacity: .7; }
    .grip { fill: none; stroke: transparent; stroke-width: 16; cursor: ns-resize; }
    .handle { fill: ${c.page}; stroke: ${c.point}; stroke-width: 2.2; cursor: ns-resize; outline: none;
      touch-action: none; }
    .handle:hover, .handle.held { fill: ${c.point}; }
    .handle.locked { fill: ${c.muted}; stroke: ${c.muted}; cursor: not-allowed; }
    .handle:focus-visible { stroke: ${c.frozen}; stroke-width: 4; }`;
}
