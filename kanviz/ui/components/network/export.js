// Taking the picture along, as SVG or PNG: what is on the screen, on the page's ground.
import { html, make } from "../shared/dom.js";

const SHARPER = 2; // pixels of a PNG for each of the screen
const LATER = 10_000; // ms until a saved file's address is given back

/**
 * @param {SVGSVGElement} svg
 * @param {string} ground
 */
export function saveSvg(svg, ground) {
  save(new Blob([picture(svg, ground)], { type: "image/svg+xml" }), "network.svg");
}

/**
 * @param {SVGSVGElement} svg
 * @param {string} ground
 */
export function savePng(svg, ground) {
  const image = new Image();
  const box = svg.viewBox.baseVal;
  const [width, height] = [SHARPER * box.width, SHARPER * box.height];
  image.onload = () => {
    const canvas = html("canvas", { width, height });
    canvas.getContext("2d").drawImage(image, 0, 0, width, height);
    canvas.toBlob((blob) => save(blob, "network.png"), "image/png");
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(picture(svg, ground))}`;
}

/**
 * @param {SVGSVGElement} svg
 * @param {string} ground
 */
function picture(svg, ground) {
  const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
  const { width, height } = svg.viewBox.baseVal;
  copy.prepend(make("rect", { width, height, fill: ground }));
  return new XMLSerializer().serializeToString(copy);
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function save(blob, name) {
  const link = html("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), LATER);
}
