/** Something the user can put right: shown as one line without a stack trace; exit status 1. */
export class UserError extends Error {
  override readonly name = 'UserError';
}
