/** Keeps the end of a growing answer in view, unless a person scrolled away from it. */

/** Nearer to the end than this counts as being there. */
const NEAR_PX = 32;

export class Follow {
  private follows = true;

  constructor(private readonly area: () => HTMLElement | null) {}

  get isFollowing(): boolean {
    return this.follows;
  }

  start(): void {
    this.follows = true;
  }

  onScroll(onChange: () => void): void {
    const area = this.area();
    if (area === null) return;
    const isAtEnd = area.scrollHeight - area.scrollTop - area.clientHeight < NEAR_PX;
    if (isAtEnd === this.follows) return;
    this.follows = isAtEnd;
    onChange();
  }

  afterDraw(): void {
    const area = this.area();
    if (this.follows && area !== null) area.scrollTop = area.scrollHeight;
  }
}
