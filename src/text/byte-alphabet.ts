// The byte alphabet of GPT-2: one printable character for each of the 256 byte values, so that
// byte-level vocabularies and merge lists can be written as text without spaces or control
// characters. A stored token such as "Ġhello" stands for the bytes of " hello".

/** alphabet[b] is the character that stands for byte b; 256 distinct characters. */
export function byteAlphabet(): string[] {
  const alphabet: string[] = [];
  let next = 0x100; // bytes without a printable Latin-1 character take U+0100, U+0101, ... in order
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    alphabet.push(String.fromCharCode(printable ? byte : next++));
  }
  return alphabet;
}
