/** Keeps the end of a growing answer in view, unless a person scrolled away from it. */

/** Nearer to the end than this counts as being there. */
const NEAR_PX = 32;

export class Follow {
  private follows = true;
  /** Sizes of the area and its content: a scroll that comes with another one is the layout's, not a person's. */
  private size = '';

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
    if (sizeOf(area) !== this.size) {
      this.afterDraw();
      return;
    }
    const isAtEnd = area.scrollHeight - area.scrollTop - area.clientHeight < NEAR_PX;
    if (isAtEnd === this.follows) return;
    this.follows = isAtEnd;
    onChange();
  }

  afterDraw(): void {
    const area = this.area();
    if (area === null) return;
    this.size = sizeOf(area);
    if (this.follows) area.scrollTop = area.scrollHeight;
  }
}

function sizeOf({ clientWidth, clientHeight, scrollHeight }: HTMLElement): string {
  return `${clientWidth} ${clientHeight} ${scrollHeight}`;
}
