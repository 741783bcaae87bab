/** One vector. Strings are hexadecimal numbers, `bytes` in memory order; register indices are decimal keys. */
export interface Vector {
  readonly id: number;
  /** Group and name. */
  readonly g: string;
  readonly n: string;
  /** 64, 32 (compatibility mode), or 16: a 16-bit code segment with data and stack as in 32. */
  readonly m: 16 | 32 | 64;
  /** Address and bytes of the code. */
  readonly a: string;
  readonly c: string;
  readonly r?: Readonly<Record<string, string>>;
  readonly f?: string;
  readonly x?: Readonly<Record<string, string>>;
  readonly mem?: readonly (readonly [string, string])[];
  readonly fs?: string;
  readonly gs?: string;
  readonly mx?: string;
  readonly fpu?: FpuImage;
  /** Masks of what is defined. */
  readonly fm?: string;
  readonly rm?: Readonly<Record<string, string>>;
  readonly swm?: string;
  readonly mxm?: string;
  readonly tol?: string;
  readonly o: Outcome;
}

/** `tag` is abridged, `st` relative to TOP. */
export interface FpuImage {
  readonly cw?: string;
  readonly sw?: string;
  readonly tag?: string;
  readonly st?: readonly string[];
}

export interface Outcome {
  readonly r?: Readonly<Record<string, string>>;
  readonly x?: Readonly<Record<string, string>>;
  readonly mem?: readonly (readonly [string, string])[];
  readonly mx?: string;
  readonly fpu?: FpuImage;
  readonly ip: string;
  readonly f: string;
  readonly exc?: { readonly v: number; readonly e?: number; readonly cr2?: string };
}
