/** The open question as its teacher sees it, with the answers so far. Loaded with the first question of a class. */
import type { TeacherPicture } from '../../../demo-server/classroom/protocol.ts';
import { h, show } from '../../kit/html.ts';
import { say, setText } from '../../kit/words.ts';
import { measureLines, willBeMeasured } from '../measured.ts';
import { answerBars } from '../student/answers.ts';
import type { TeacherPage } from '../teacher-page.ts';

/** Draws it into the console's parts; nothing where no question is open. */
export function drawOpenQuestion(picture: TeacherPicture, { words, format, part }: TeacherPage): void {
  const { class: now, tally, key } = picture;
  const { question, run } = now;
  const will = willBeMeasured(picture, words, format);
  setText(part('will'), will);
  part('measure').hidden = will === '' || (run !== null && run.state !== 'over');
  show(part('question'), [question, tally], () => {
    if (!question || !tally || !key) return [];
    const answered = say(words, 'class.question.answered', { answered: question.answered, seats: now.seats });
    return [
      h('h3', {}, question.question.text),
      h('p', {}, answered),
      answerBars(question.question, tally, key, words),
      ...(question.revealed ? measureLines(question.question, key, question.revealed.measured, words, false) : []),
    ];
  });
}
