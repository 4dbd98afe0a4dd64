/** An answer EC2 refuses with: its documented code, a sentence, and the HTTP status it travels with. */
export class SimFault extends Error {
  override readonly name = 'SimFault';
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
