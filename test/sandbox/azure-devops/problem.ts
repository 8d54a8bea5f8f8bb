/** An answer of Azure DevOps that is not a success, in its own error shape. */
export class AzureDevOpsProblem extends Error {
  readonly status: number;
  readonly typeKey: string;
  readonly typeName: string;
  readonly errorCode: number;
  readonly eventId: number;
  readonly customProperties: Record<string, unknown> | undefined;

  constructor(
    status: number,
    typeKey: string,
    message: string,
    extra: {
      namespace?: string;
      eventId?: number;
      errorCode?: number;
      customProperties?: Record<string, unknown>;
    } = {},
  ) {
    super(message);
    const namespace = extra.namespace ?? 'Microsoft.TeamFoundation.WorkItemTracking.Server';
    this.status = status;
    this.typeKey = typeKey;
    this.typeName = `${namespace}.${typeKey}, ${namespace}`;
    this.errorCode = extra.errorCode ?? 0;
    this.eventId = extra.eventId ?? 3200;
    this.customProperties = extra.customProperties;
  }

  body(): Record<string, unknown> {
    return {
      $id: '1',
      ...(this.customProperties === undefined ? {} : { customProperties: this.customProperties }),
      innerException: null,
      message: this.message,
      typeName: this.typeName,
      typeKey: this.typeKey,
      errorCode: this.errorCode,
      eventId: this.eventId,
    };
  }
}

/** Errors of the web framework (versions, methods, access) rather than of work item tracking. */
export function frameworkProblem(status: number, typeKey: string, message: string): AzureDevOpsProblem {
  return new AzureDevOpsProblem(status, typeKey, message, {
    namespace: 'Microsoft.VisualStudio.Services.WebApi',
    eventId: 3000,
  });
}

/** Items that are missing and items that one may not see answer alike (404), so that ids cannot be probed. */
export function workItemNotFound(id: number | string): AzureDevOpsProblem {
  return new AzureDevOpsProblem(
    404,
    'WorkItemUnauthorizedAccessException',
    `TF401232: Work item ${id} does not exist, or you do not have permissions to read it.`,
  );
}

export function projectNotFound(nameOrId: string): AzureDevOpsProblem {
  return new AzureDevOpsProblem(
    404,
    'ProjectDoesNotExistWithNameException',
    `TF200016: The following project does not exist: ${nameOrId}. Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server.`,
    { namespace: 'Microsoft.TeamFoundation.Core.WebApi', eventId: 3000 },
  );
}

/** One broken rule of a field. Flags as Azure DevOps names them: "required, hasValues, invalidEmpty". */
export interface BrokenRule {
  field: string;
  fieldName: string;
  flags: string[];
}

const pascal = (flag: string) => flag.charAt(0).toUpperCase() + flag.slice(1);

/** 400 with the rules under customProperties.RuleValidationErrors; the message names the first one only. */
export function ruleProblem(rules: BrokenRule[]): AzureDevOpsProblem {
  const text = (rule: BrokenRule) =>
    `TF401320: Rule Error for field ${rule.fieldName}. Error code: ${rule.flags.map(pascal).join(', ')}.`;
  const first = rules[0];
  return new AzureDevOpsProblem(
    400,
    'RuleValidationException',
    first === undefined ? 'TF401320' : text(first),
    {
      errorCode: 600171,
      eventId: 3200,
      customProperties: {
        ErrorMessage: first === undefined ? 'TF401320' : text(first),
        FieldReferenceName: first?.field ?? null,
        FieldStatusFlags: first?.flags.join(', ') ?? null,
        RuleValidationErrors: rules.map((rule) => ({
          fieldReferenceName: rule.field,
          fieldStatusFlags: rule.flags.join(', '),
          errorMessage: text(rule),
          fieldStatusCode: 524289,
          ruleValidationErrors: null,
        })),
      },
    },
  );
}
