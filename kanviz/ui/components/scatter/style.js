// The look of the picture. Colours come with the payload, by meaning, and are written out in the picture itself.
import { FONT } from "../shared/dom.js";

/** @param {Record<string, string>} c colours by meaning */
export function style(c) {
  return `
    text { font: 12px ${FONT}; font-variant-numeric: tabular-nums; fill: ${c.muted}; }
    .label { font-size: 13px; }
    .rule { stroke: ${c.line}; }
    .even { stroke: ${c.muted}; stroke-width: 1.5; stroke-dasharray: 6 4; }
    .dot { stroke: ${c.page}; stroke-width: .6; opacity: .72; }
    .train { fill: ${c.train}; } .test { fill: ${c.test}; }
    .some .dot { opacity: .22; }
    .some .dot.picked { opacity: 1; stroke: ${c.text}; stroke-width: 1.4; }
    .ring { fill: none; stroke: ${c.text}; stroke-width: 1.8; pointer-events: none; }
    .taken { fill: none; stroke: ${c.marked}; stroke-width: 3; pointer-events: none; }
    .brush { fill: ${c.frozen}; fill-opacity: .14; stroke: ${c.frozen}; stroke-dasharray: 4 3; pointer-events: none; }
    svg { cursor: crosshair; } svg.over { cursor: pointer; }`;
}
