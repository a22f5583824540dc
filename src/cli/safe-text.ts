// Text for a terminal: what a model says must not move the cursor or change colours.

/** Control characters but newline and tab become their pictures; other unprintable ones U+FFFD. */
export function safeText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be replaced
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) => {
    const code = character.charCodeAt(0);
    if (code === 0x7f) return "␡";
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\ufffd";
  });
}
