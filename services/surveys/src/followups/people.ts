/** Members as the persons they are: several after a merge (requirement M5). A person goes by the survivor's id. */
export class People {
  /** @param survivors who is left of each member, by member id */
  constructor(private readonly survivors: ReadonlyMap<string, string>) {}

  /** Ids of all members that these people have. */
  get memberIds(): string[] {
    return [...this.survivors.keys()];
  }

  /** Those who are several members. */
  get merged(): string[] {
    const several = [...this.survivors].filter(([memberId, survivorId]) => memberId !== survivorId);
    return [...new Set(several.map(([, survivorId]) => survivorId))];
  }

  of(memberId: string): string {
    return this.survivors.get(memberId) ?? memberId;
  }

  among(memberIds: Iterable<string>): Set<string> {
    return new Set([...memberIds].map((memberId) => this.of(memberId)));
  }

  /** The latest of what is known of a person's members. */
  latest(byMember: ReadonlyMap<string, Date>): Map<string, Date> {
    const latest = new Map<string, Date>();
    for (const [memberId, at] of byMember) {
      const known = latest.get(this.of(memberId));
      if (!known || at > known) latest.set(this.of(memberId), at);
    }
    return latest;
  }
}
