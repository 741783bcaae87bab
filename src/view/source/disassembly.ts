import type { Decoder, Formatter } from 'iced-x86';

type Iced = typeof import('iced-x86');

let loading: Promise<Iced> | undefined;

/** Instructions as text, once the library is there: it is large and few screens need it. */
export class Disassembler {
  #iced: Iced | undefined;

  /** Loads the library; `ready` is called when instructions can be shown. */
  load(ready: () => void): void {
    if (this.#iced !== undefined) return;
    loading ??= import('iced-x86');
    loading.then(
      (iced) => {
        this.#iced = iced;
        ready();
      },
      // Without it instructions are shown as bytes.
      () => {},
    );
  }

  /** The first instruction of some bytes in Intel's syntax; undefined where they are none, or the library is not there yet. */
  first(bytes: Uint8Array, address: bigint, bits: 32 | 64): string | undefined {
    const iced = this.#iced;
    if (iced === undefined || bytes.length === 0) return undefined;
    const decoder: Decoder = new iced.Decoder(bits, bytes, iced.DecoderOptions.None);
    const formatter: Formatter = new iced.Formatter(iced.FormatterSyntax.Intel);
    try {
      decoder.ip = address;
      const instruction = decoder.decode();
      const text = instruction.code === iced.Code.INVALID ? undefined : formatter.format(instruction);
      instruction.free();
      return text;
    } finally {
      formatter.free();
      decoder.free();
    }
  }
}
