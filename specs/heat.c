// A parallel mini-application: heat in a plate, by Jacobi iteration. Rows are divided among threads, which meet at a barrier after every step.
// usage: heat [THREADS] [STEPS]. The plate is SIDE x SIDE points; its upper edge is held at 100 degrees, the others at 0.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SIDE = 512, MOST = 16 };
static double plates[2][SIDE][SIDE];
static double changed[MOST];
static pthread_barrier_t barrier;
static int threads, steps;

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

static void *iterate(void *argument) {
  int own = (int)(long)argument, first = 1 + own * (SIDE - 2) / threads, last = 1 + (own + 1) * (SIDE - 2) / threads;
  for (int step = 0; step < steps; step++) {
    double (*from)[SIDE] = plates[step % 2], (*to)[SIDE] = plates[1 - step % 2], change = 0;
    for (int row = first; row < last; row++)
      for (int column = 1; column < SIDE - 1; column++) {
        double value = 0.25 * (from[row - 1][column] + from[row + 1][column] + from[row][column - 1] + from[row][column + 1]), delta = value - from[row][column];
        to[row][column] = value;
        change += delta * delta;
      }
    changed[own] = change;
    pthread_barrier_wait(&barrier);
    if (own == 0 && (step + 1) % (steps / 5) == 0) {
      double all = 0;
      for (int index = 0; index < threads; index++) all += changed[index];
      printf("step %d of %d: sum of squared changes %.6f\n", step + 1, steps, all);
      fflush(stdout);
    }
    pthread_barrier_wait(&barrier);
  }
  return 0;
}

int main(int count, char **words) {
  pthread_t others[MOST];
  threads = count > 1 ? atoi(words[1]) : 2;
  steps = count > 2 ? atoi(words[2]) : 1000;
  if (threads < 1 || threads > MOST || steps < 5) return 2;
  for (int which = 0; which < 2; which++) for (int column = 0; column < SIDE; column++) plates[which][0][column] = 100;
  pthread_barrier_init(&barrier, 0, threads);
  double begin = seconds();
  for (int index = 1; index < threads; index++) if (pthread_create(&others[index], 0, iterate, (void *)(long)index)) return 1;
  iterate(0);
  for (int index = 1; index < threads; index++) pthread_join(others[index], 0);
  double took = seconds() - begin;
  printf("%d threads, %.2f s, %.0f million points a second, middle of the upper rows: %.4f degrees\n", threads, took, (double)(SIDE - 2) * (SIDE - 2) * steps / took / 1e6, plates[steps % 2][8][SIDE / 2]);
  return 0;
}
