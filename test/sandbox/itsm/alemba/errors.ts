export type SubStatus =
  | 'None'
  | 'ResourceNotFound'
  | 'RecordNotFound'
  | 'LinkedRecordNotFound'
  | 'NotSupported'
  | 'NotImplemented'
  | 'NotAllowed';

export type FieldErrors = Record<string, string[]>;

/** An answer other than 2xx, in the body shapes of the "Alemba API Programmers' Guide". */
export class AlembaError extends Error {
  readonly status: number;
  readonly subStatus: SubStatus;
  readonly fieldErrors: FieldErrors | undefined;

  constructor(status: number, message: string, subStatus: SubStatus = 'None', fieldErrors?: FieldErrors) {
    super(message);
    this.status = status;
    this.subStatus = subStatus;
    this.fieldErrors = fieldErrors;
  }

  toBody(): Record<string, unknown> {
    if (this.fieldErrors !== undefined) {
      return { Message: this.message, Type: 'FieldValidationException', Errors: this.fieldErrors };
    }
    return { Message: this.message, Type: 'HttpStatusException', SubStatus: this.subStatus };
  }
}

export const invalidFields = (errors: FieldErrors) =>
  new AlembaError(400, 'The request is invalid', 'None', errors);
export const badRequest = (message: string) => new AlembaError(400, message);
export const notSupported = (message: string) => new AlembaError(400, message, 'NotSupported');
export const notAllowed = (message: string) => new AlembaError(403, message, 'NotAllowed');
export const recordNotFound = (entity: string, ref: number | string) =>
  new AlembaError(404, `The ${entity} record ${ref} was not found`, 'RecordNotFound');
export const resourceNotFound = (resource: string) =>
  new AlembaError(404, `The resource ${resource} was not found`, 'ResourceNotFound');
export const methodNotAllowed = (method: string) =>
  new AlembaError(405, `The requested resource does not support http method '${method}'.`, 'NotSupported');
export const unauthorized = () => new AlembaError(401, 'Authorization has been denied for this request.');
export const unsupportedMedia = (type: string) =>
  new AlembaError(415, `The request entity's media type '${type}' is not supported for this resource.`);

/** The body of the token endpoint's refusals (RFC 6749, 5.2). */
export class OAuthError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, description = '') {
    super(description);
    this.status = status;
    this.code = code;
  }

  toBody(): Record<string, string> {
    return this.message === '' ? { error: this.code } : { error: this.code, error_description: this.message };
  }
}
