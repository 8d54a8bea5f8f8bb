const step = '  ';
/** Deeper levels stand where this one does: a hostile body must not become a text of mere spaces. */
const deepest = 20;

/**
 * JSON with line breaks and indents, also when its end is cut off. It is not parsed: numbers stay as they were
 * written, and what is no JSON stays as it is.
 */
export function indentJson(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  const parts: string[] = [];
  let depth = 0;
  const newLine = () => `\n${step.repeat(Math.min(Math.max(depth, 0), deepest))}`;
  // Strings (the last may lack its end), signs, spaces, and what stands between.
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\[\s\S])*"?|[{}[\],:]|\s+|[^"{}[\],:\s]+|\\/g)) {
    if (/^\s/.test(token)) continue;
    const isClosing = token === '}' || token === ']';
    if (token === '{' || token === '[') {
      depth += 1;
      parts.push(token, newLine());
    } else if (isClosing) {
      depth -= 1;
      // Nothing came after the opening bracket but the line that it began.
      const isBare = /^\n/.test(parts.at(-1) ?? '') && /^[{[]$/.test(parts.at(-2) ?? '');
      if (isBare) parts.pop();
      parts.push(isBare ? token : `${newLine()}${token}`);
    } else if (token === ',') parts.push(token, newLine());
    else parts.push(token === ':' ? ': ' : token);
  }
  return parts.join('');
}
