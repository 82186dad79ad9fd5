// SPDX-License-Identifier: MIT
// Prints what a program finds after its start. It is linked twice, with src/base/start.cpp and without;
// test.py compares. What differs with every start (random bytes, addresses) is compared here.
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/rseq.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <clocale>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

int called = 0;
int before_main[3];
thread_local int of_thread = 41;
thread_local std::string text_of_thread = "made";

// Which ran first; given by priority, not by the order here.
[[gnu::constructor(300)]] void second() { before_main[1] = ++called; }
[[gnu::constructor(200)]] void first(int count, char** words, char** environment) {
  before_main[0] = ++called;
  if (words[count] != nullptr || environment != words + count + 1) before_main[0] = -1;
}
struct Object {
  Object() {
    before_main[2] = ++called;
    setenv("SET_BEFORE_MAIN", "1", 1);
  }
  ~Object() { puts("object's end"); }
} object;
[[gnu::destructor]] void last() { puts("last"); }

void say(const char* what, long number) { printf("%s %ld\n", what, number); }
void say(const char* what, const char* text) { printf("%s %s\n", what, text != nullptr ? text : "none"); }

std::uintptr_t of_thread_block(int at) {
  std::uintptr_t found;
  if (at == 0x28) __asm__("mov %%fs:0x28, %0" : "=r"(found));
  else __asm__("mov %%fs:0x30, %0" : "=r"(found));
  return found;
}

void guards() {
  std::uintptr_t random[2];
  memcpy(random, reinterpret_cast<void*>(getauxval(AT_RANDOM)), sizeof random);
  say("stack guard is of AT_RANDOM", of_thread_block(0x28) == (random[0] & ~std::uintptr_t{0xff}));
  say("pointer guard is of AT_RANDOM", of_thread_block(0x30) == random[1]);
  static jmp_buf back;
  volatile int times = 0;
  if (setjmp(back) == 0) {  // NOLINT(cert-err52-cpp): the pointer guard is its
    times = 1;
    longjmp(back, 1);  // NOLINT(cert-err52-cpp)
  }
  say("longjmp", times);
}

void environment(int count, char** words) {
  say("words", count);
  for (int i = 0; i < count; ++i) say("word", i == 0 ? "itself" : words[i]);
  say("is it named by its first word", count == 0 || program_invocation_name == words[0]);
  for (char** each = environ; *each != nullptr; ++each) say("variable", *each);
  say("what the processor can do", static_cast<long>(getauxval(AT_HWCAP)));
  say("secure", static_cast<long>(getauxval(AT_SECURE)));
  say("secure_getenv", secure_getenv("LANG"));
  for (int i = 0; i < 3; ++i) {
    struct stat found {};
    const bool open = fstat(i, &found) == 0;
    printf("descriptor %d %s\n", i, !open ? "closed" : S_ISCHR(found.st_mode) ? std::to_string(minor(found.st_rdev)).c_str() : "open");
  }
}

void library() {
  say("page", sysconf(_SC_PAGESIZE));
  say("alternative stack, at least", sysconf(_SC_MINSIGSTKSZ));
  say("alternative stack", sysconf(_SC_SIGSTKSZ));
  pthread_attr_t attributes;
  size_t stack = 0;
  if (pthread_getattr_default_np(&attributes) == 0 && pthread_attr_getstacksize(&attributes, &stack) == 0) say("stack of a thread", static_cast<long>(stack));
  say("least stack of a thread", sysconf(_SC_THREAD_STACK_MIN));
  say("restartable sequences", __rseq_size);
  std::string block(200000, 'x');
  say("mapped blocks", static_cast<long>(mallinfo2().hblks) + (block[1] != 'x'));
  say("decimal point", localeconv()->decimal_point);
  say("a letter", isalpha('q') != 0);
  say("a capital", toupper('q'));
  printf("number %.3f %ld %a\n", strtod("12.375", nullptr), lround(floor(2.75) + ceil(2.25) + rint(3.5)), sqrt(2.0));
  say("no such", strerror(ENOENT));
  struct timespec now {};
  say("clock", clock_gettime(CLOCK_MONOTONIC, &now) == 0 && now.tv_sec >= 0 && getauxval(AT_SYSINFO_EHDR) != 0);
  errno = 0;
  say("error", close(-1) == -1 && errno == EBADF);
}

void language() {
  printf("constructors %d %d %d\n", before_main[0], before_main[1], before_main[2]);
  try {
    throw std::runtime_error("thrown");
  } catch (const std::exception& error) {
    say("caught", error.what());
  }
  printf("of this thread %d %s\n", of_thread, text_of_thread.c_str());
  of_thread = 0;
  std::thread other([] { printf("of another thread %d %s, guarded alike: %d\n", of_thread, text_of_thread.c_str(), of_thread_block(0x28) != 0); });
  other.join();
}

// Each mapping of the program itself, and whether it may be written or executed.
void protection() {
  char line[512];
  FILE* const maps = fopen("/proc/self/maps", "r");
  while (maps != nullptr && fgets(line, sizeof line, maps) != nullptr) {
    const char* const rights = strchr(line, ' ');
    if (rights != nullptr && strstr(line, "/start_by_") != nullptr) printf("mapping%.5s\n", rights);
  }
  if (maps != nullptr) fclose(maps);
}

// Across what start.cpp says of the caches, against copies by byte.
void memory() {
  constexpr size_t most = 13 << 20;  // from 16 times the size of the caches on, memcpy copies four pages at a time
  std::vector<unsigned char> from(most + 64), to(most + 64), wanted;
  for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<unsigned char>(i * 31 + i / 253);
  long wrong = 0;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{15}, size_t{64}, size_t{255}, size_t{2048}, size_t{4097}, size_t{40000}, size_t{786431}, size_t{786433}, size_t{1100000}, size_t{3} << 20, most}) {
    for (const size_t at : {size_t{0}, size_t{1}, size_t{17}}) {
      std::fill(to.begin(), to.end(), 0xee);
      wanted = to;
      for (size_t i = 0; i < size; ++i) wanted[at + i] = from[33 - at + i];
      memcpy(&to[at], &from[33 - at], size);
      wrong += to != wanted;
      for (size_t i = size; i-- > 0;) wanted[at + 13 + i] = wanted[at + i];
      memmove(&to[at + 13], &to[at], size);
      wrong += to != wanted;
      for (size_t i = 0; i < size; ++i) wanted[at + i] = 7;
      memset(&to[at], 7, size);
      wrong += to != wanted;
    }
  }
  say("wrong copies", wrong);
  const std::string text = std::string(5000, 'a') + "needle" + std::string(90, 'b');
  printf("texts %zu %zu %td %d\n", strlen(text.c_str()), strnlen(text.c_str(), 77), strstr(text.c_str(), "needle") - text.c_str(), strcmp(text.c_str(), "aab") < 0);
}

}  // namespace

int main(int count, char** words, char** variables) {  // NOLINT(bugprone-exception-escape): one that nobody catches is tried
  setvbuf(stdout, nullptr, _IOFBF, 1 << 16);
  environment(count, words);
  say("variables are those of the C library", variables == environ);
  guards();
  library();
  language();
  protection();
  memory();
  if (count > 1 && strcmp(words[1], "throw") == 0) throw std::runtime_error("not caught");
  atexit([] { puts("atexit"); });
  return 42;
}
