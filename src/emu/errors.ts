/** Something the user can put right: shown as one line without a stack trace. */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** The exit status it ends with. */
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

/** The command line itself is wrong. */
export class UsageError extends UserError {
  constructor(message: string) {
    super(message, 2);
  }
}
