// 16-bit floats: IEEE binary16 (f16) and bfloat16 (bf16), to and from f32.
//
// Not arithmetic: values are computed in f32 and only stored in 16 bits. Narrowing rounds
// to nearest, ties to even, overflows to infinity and keeps NaN a NaN; widening is exact.
// Typed arrays are read as bit patterns, so this file assumes a little-endian machine
// nowhere.

/** f32 [n] -> f16 bits [n]. */
export function toF16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < out.length; i++) {
    const sign = (bits[i] >>> 16) & 0x8000;
    const magnitude = bits[i] & 0x7fffffff;
    if (magnitude > 0x7f800000) {
      out[i] = sign | 0x7e00;
    } else if (magnitude >= 0x477ff000) {
      out[i] = sign | 0x7c00; // 65520 and above round to infinity
    } else if (magnitude >= 0x38800000) {
      // Rebias the exponent from 127 to 15; a carry out of the mantissa raises it by itself.
      out[i] = sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - (112 << 23)) >>> 13);
    } else {
      out[i] = sign | roundHalfEven(Math.abs(values[i]) * 0x1000000); // subnormal: units of 2^-24
    }
  }
  return out;
}

/** f16 bits [n] -> f32 [n]. */
export function fromF16(bits: Uint16Array): Float32Array {
  const out = new Float32Array(bits.length);
  const outBits = new Uint32Array(out.buffer);
  for (let i = 0; i < out.length; i++) {
    const sign = (bits[i] & 0x8000) << 16;
    const exponent = bits[i] & 0x7c00;
    const mantissa = bits[i] & 0x3ff;
    if (exponent === 0x7c00) outBits[i] = sign | 0x7f800000 | (mantissa << 13);
    else if (exponent !== 0) outBits[i] = sign | (((bits[i] & 0x7fff) << 13) + (112 << 23));
    else out[i] = (sign ? -1 : 1) * mantissa * 2 ** -24;
  }
  return out;
}

/** f32 [n] -> bf16 bits [n]. */
export function toBf16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < out.length; i++) {
    const notANumber = (bits[i] & 0x7fffffff) > 0x7f800000;
    out[i] = notANumber ? (bits[i] >>> 16) | 0x40 : (bits[i] + 0x7fff + ((bits[i] >>> 16) & 1)) >>> 16;
  }
  return out;
}

/** bf16 bits [n] -> f32 [n]. */
export function fromBf16(bits: Uint16Array): Float32Array {
  const out = new Float32Array(bits.length);
  const outBits = new Uint32Array(out.buffer);
  for (let i = 0; i < out.length; i++) outBits[i] = bits[i] << 16;
  return out;
}

/** The integer nearest to x; of two equally near, the even one (torch.round, nearbyint). */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const fraction = x - floor;
  if (fraction !== 0.5) return fraction < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
