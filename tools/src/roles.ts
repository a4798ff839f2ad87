/** The roles of people, as they stand in the claim `roles` of a token. */
export const ROLES = [
  'cashier',
  'store-manager',
  'agent',
  'complaint-supervisor',
  'crm-analyst',
  'marketing',
  'finance',
  'hr',
  'auditor',
  'administrator',
] as const;
export type Role = (typeof ROLES)[number];
