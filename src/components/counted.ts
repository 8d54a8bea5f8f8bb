let locale = 'en';

/** Told once, before anything is drawn: the language of the viewer's numbers. */
export const countIn = (given: string): void => {
  locale = given;
};

/** A count as the viewer writes it: 1,048,576 or 1.048.576. */
export const counted = (count: number): string => count.toLocaleString(locale);
