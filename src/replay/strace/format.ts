import type { Call } from '../calls.ts';
import type { TextBuffer } from '../text-buffer.ts';

export interface FormatOptions {
  /** Bytes of a buffer that are shown. */
  readonly stringLimit: number;
  /** Structs, argv and envp in full. */
  readonly verbose: boolean;
  /** Shows a descriptor; `<path>` behind it with -y. */
  readonly descriptor: (out: TextBuffer, fd: number) => void;
  /** Shows the working folder, behind AT_FDCWD. */
  readonly folder?: ((out: TextBuffer, call: Call) => void) | undefined;
}

/** Shows one argument of a call; writing nothing leaves it out. */
export type ArgumentFormat = (out: TextBuffer, call: Call, argument: number, options: FormatOptions) => void;

/** The address of an argument, for what could not be read. */
export const address: ArgumentFormat = (out, call, argument) => out.pointer(call.low(argument), call.high(argument));
