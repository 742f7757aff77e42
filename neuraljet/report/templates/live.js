// A served page: ask every other second whether the training went on, and take the new learning curve.
const known = { rounds: null, page: null };
const ask = async () => {
  try {
    const state = await (await fetch("state.json", { cache: "no-store" })).json();
    if (known.page !== null && state.page !== known.page) { location.reload(); return; }
    known.page = state.page;
    if (known.rounds !== null && state.rounds !== known.rounds) {
      document.getElementById("live").innerHTML = await (await fetch("learning.html", { cache: "no-store" })).text();
    }
    known.rounds = state.rounds;
  } catch (error) { /* the server has ended; the page stays as it is */ }
  setTimeout(ask, 2000);
};
ask();
