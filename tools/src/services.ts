/** The seven processes of the platform, in the order of their names in the documents. */
export const SERVICES = ['gateway', 'stores', 'members', 'loyalty', 'complaints', 'surveys', 'notifications'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** The six that own data: each has a schema and a role of its own. */
export const OWNERS = ['stores', 'members', 'loyalty', 'complaints', 'surveys', 'notifications'] as const;
export type OwnerName = (typeof OWNERS)[number];
