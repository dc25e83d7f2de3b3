/** Findings are said and not ordered, so that every call is decided as without a breaker. */
export const SHADOW = { 'breakers.yaml': 'defaults: { shadow: true }\n' };
