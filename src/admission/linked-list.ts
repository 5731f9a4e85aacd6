// A list that is added to at its end, and from anywhere in which a member is taken out in one step.

/** What a member of a list knows of its neighbours; undefined before it is in one, and at the ends. */
export interface Member<M> {
  before?: M | undefined
  after?: M | undefined
}

/** Members in the order in which they came. A member is in one list at most. */
export class LinkedList<M extends Member<M>> {
  first: M | undefined
  last: M | undefined
  size = 0

  add(member: M): void {
    member.before = this.last
    if (this.last) this.last.after = member
    else this.first = member
    this.last = member
    this.size += 1
  }

  /** Takes out a member, which must be in this list. */
  delete(member: M): void {
    const { before, after } = member
    if (before) before.after = after
    else this.first = after
    if (after) after.before = before
    else this.last = before
    member.before = undefined
    member.after = undefined
    this.size -= 1
  }
}
