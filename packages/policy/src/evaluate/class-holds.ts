/** The question that guards, conditions and class functions all ask: does this class expression hold here? */
import type { SourcePosition } from "@berth/model";
import { evaluateClassExpression } from "../class-expression/class-expression.ts";
import { classExpressionDiagnostic } from "../class-expression/parse-class-expression.ts";
import type { EvaluationContext } from "./evaluation-state.ts";

/** Whether a class expression holds in a context. A text that is none does not, and is reported at `position`. */
export function classHolds(text: string, context: EvaluationContext, position: SourcePosition): boolean {
  const parsed = context.state.expression(text);
  if (!parsed.ok) {
    const diagnostic = classExpressionDiagnostic(parsed.error, position);
    context.state.findings.addDiagnostic({ ...diagnostic, position, severity: "warning" });
    return false;
  }
  const { classes } = context.state;
  return evaluateClassExpression(parsed.expression, (name) =>
    classes.isSet(name, context.bundle.namespace, context.classes),
  );
}
