/** Colors that hold on a light and on a dark page: GitHub shows the picture on either. */
const STYLE = `
  text { font: 12px system-ui, sans-serif; }
  .head { font-weight: 600; font-size: 13px; }
  .ink { fill: #1f2328; }
  .ours { fill: #0969da; stroke: #0969da; }
  .theirs { fill: #8c959f; }
  .rule { stroke: #57606a; stroke-dasharray: 3 3; }
  .axis { stroke: #8c959f; }
  .curve { fill: none; stroke: #0969da; stroke-width: 2; }
  @media (prefers-color-scheme: dark) {
    .ink { fill: #e6edf3; }
    .ours { fill: #4493f8; stroke: #4493f8; }
    .theirs { fill: #6e7681; }
    .rule, .axis { stroke: #8b949e; }
    .curve { stroke: #4493f8; }
  }`;

/** A picture of its own, without scripts or fonts from elsewhere. */
export function svg(title: string, width: number, height: number, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escapeText(title)}</title>
<style>${STYLE}
</style>
${body}
</svg>
`;
}

/** Text that is no markup. */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
