/**
 * Whether brackets of a JSON text nest deeper than `max`, counted without parsing; strings are skipped. One measure for
 * what browsers send and for what systems answer: deeper values overflow the stack of code that walks them.
 */
export const exceedsDepth = (text: string, max: number): boolean => {
  // Each level has two brackets.
  if (text.length <= 2 * max) return false;
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (quoted) {
      if (code === 92) i++;
      else if (code === 34) quoted = false;
    } else if (code === 34) quoted = true;
    else if (code === 91 || code === 123) {
      if (++depth > max) return true;
    } else if (code === 93 || code === 125) depth--;
  }
  return false;
};
