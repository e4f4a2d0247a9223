// Counting of days for time limits. Dates are UTC days; nothing here touches the page.
"use strict";
const DAY = 86400000;

const utc = (year, month, day) => new Date(Date.UTC(year, month, day));
const plus = (date, days) => new Date(date.getTime() + days * DAY);
const iso = (date) => date.toISOString().slice(0, 10);

// The federal holidays of 5 USC 6103, on the day they are observed.
function holidays(year) {
  const fixed = [[0, 1], [5, 19], [6, 4], [10, 11], [11, 25]].map(([month, day]) => {
    const date = utc(year, month, day);
    return plus(date, { 6: -1, 0: 1 }[date.getUTCDay()] || 0);
  });
  const nth = (month, weekday, count) => {
    const first = utc(year, month, 1);
    return plus(first, ((weekday - first.getUTCDay() + 7) % 7) + 7 * (count - 1));
  };
  const lastMonday = plus(utc(year, 5, 1), -((utc(year, 5, 1).getUTCDay() + 6) % 7 || 7));
  return fixed.concat([nth(0, 1, 3), nth(1, 1, 3), lastMonday, nth(8, 1, 1), nth(9, 1, 2), nth(10, 4, 4)]);
}

function isClosed(date) {
  const weekday = date.getUTCDay();
  const year = date.getUTCFullYear();
  return weekday === 0 || weekday === 6 ||
    [year, year + 1].some((of) => holidays(of).some((day) => iso(day) === iso(date)));
}

// The same day of a later month, or the first of the month after it.
function plusMonths(date, months) {
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + months, date.getUTCDate()];
  const found = utc(year, month, day);
  return found.getUTCDate() === day ? found : utc(year, month + 1, 1);
}

function plusBusinessDays(date, days) {
  for (let left = days; left > 0;) {
    date = plus(date, 1);
    if (!isClosed(date)) left -= 1;
  }
  return date;
}

// `rule`: {count, unit, mailing, rolls}; `start` is a UTC day. Returns the last day.
function dueDate(start, rule) {
  const received = plus(start, rule.mailing);
  let due = rule.unit === "months" ? plusMonths(received, rule.count)
    : rule.unit === "business_days" ? plusBusinessDays(received, rule.count)
      : plus(received, rule.count);
  while (rule.rolls && isClosed(due)) due = plus(due, 1);
  return due;
}
