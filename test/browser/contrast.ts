// The contrast of every piece of text on a page, by WCAG 2's formula. Runs inside the browser.

/** Texts with less contrast than AA asks for: 4.5 to 1, or 3 to 1 where they are large. */
export function poorContrast(): string[] {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
  const paint = (colours: string[]): number[] => {
    context.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
    }
    return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  };
  const luminance = (rgb: number[]): number => {
    const [r, g, b] = rgb.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const poor: string[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement as HTMLElement;
    const text = node.textContent?.trim() ?? "";
    if (text === "" || !element.checkVisibility({ visibilityProperty: true }) || element.closest(".hidden, :disabled"))
      continue;
    const style = getComputedStyle(element);
    const backgrounds: string[] = [];
    for (let at: Element | null = element; at !== null; at = at.parentElement)
      backgrounds.unshift(getComputedStyle(at).backgroundColor);
    const behind = paint(["white", ...backgrounds]);
    const [light, dark] = [luminance(behind), luminance(paint([`rgb(${behind})`, style.color]))].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = Number.parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) poor.push(`${JSON.stringify(text.slice(0, 40))} ${ratio.toFixed(2)}`);
  }
  return poor;
}
