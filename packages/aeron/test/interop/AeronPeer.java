import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.FragmentAssembler;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.FragmentHandler;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Aeron's own driver and client, for the interop tests.
 *
 * `driver DIR` runs a media driver until standard input ends; `send`, `receive` and `echo` are clients. A message is its
 * number in 8 bytes and a pattern made of it, of a length made of it.
 */
public final class AeronPeer {
  private static final int MAX_LENGTH = 4_000;

  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "driver" -> driver(args[1]);
      case "send" -> send(args[1], args[2], Integer.parseInt(args[3]), Long.parseLong(args[4]));
      case "receive" -> receive(args[1], args[2], Integer.parseInt(args[3]), Long.parseLong(args[4]));
      case "echo" -> echo(args[1], args[2], Integer.parseInt(args[3]), Long.parseLong(args[4]));
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static void driver(String folder) throws Exception {
    MediaDriver.Context context =
        new MediaDriver.Context()
            .aeronDirectoryName(folder)
            .dirDeleteOnStart(true)
            .dirDeleteOnShutdown(true)
            .threadingMode(ThreadingMode.SHARED)
            .ipcTermBufferLength(1 << 20)
            .publicationTermBufferLength(1 << 20);
    try (MediaDriver ignored = MediaDriver.launch(context)) {
      System.out.println("ready");
      while (System.in.read() >= 0) {
        Thread.onSpinWait();
      }
    }
  }

  private static Aeron connect(String folder) {
    return Aeron.connect(new Aeron.Context().aeronDirectoryName(folder));
  }

  private static int length(long number) {
    return 8 + (int) ((number * 977) % (MAX_LENGTH - 8));
  }

  private static void fill(UnsafeBuffer buffer, long number) {
    buffer.putLong(0, number);
    for (int at = 8, end = length(number); at < end; at++) {
      buffer.putByte(at, (byte) (number + at));
    }
  }

  private static void check(org.agrona.DirectBuffer buffer, int offset, int length, long number) {
    if (buffer.getLong(offset) != number || length != length(number)) {
      throw new IllegalStateException("message " + number + " came as " + buffer.getLong(offset));
    }
    for (int at = 8; at < length; at++) {
      if (buffer.getByte(offset + at) != (byte) (number + at)) {
        throw new IllegalStateException("message " + number + " is damaged at " + at);
      }
    }
  }

  private static void send(String folder, String channel, int stream, long count) throws Exception {
    BackoffIdleStrategy idle = new BackoffIdleStrategy();
    UnsafeBuffer buffer = new UnsafeBuffer(new byte[MAX_LENGTH]);
    try (Aeron aeron = connect(folder);
        ExclusivePublication publication = aeron.addExclusivePublication(channel, stream)) {
      System.out.println("ready");
      for (long number = 0; number < count; number++) {
        fill(buffer, number);
        while (publication.offer(buffer, 0, length(number)) < 0) {
          idle.idle();
        }
        idle.reset();
      }
      System.out.println("sent " + count);
      while (publication.isConnected()) {
        Thread.sleep(1);
      }
    }
  }

  private static void receive(String folder, String channel, int stream, long count) {
    BackoffIdleStrategy idle = new BackoffIdleStrategy();
    long[] next = {0};
    FragmentHandler handler =
        new FragmentAssembler(
            (buffer, offset, length, header) -> check(buffer, offset, length, next[0]++));
    try (Aeron aeron = connect(folder);
        Subscription subscription = aeron.addSubscription(channel, stream)) {
      System.out.println("ready");
      while (next[0] < count) {
        idle.idle(subscription.poll(handler, 64));
      }
      System.out.println("received " + next[0]);
    }
  }

  private static void echo(String folder, String channel, int stream, long count) {
    BackoffIdleStrategy idle = new BackoffIdleStrategy();
    long[] done = {0};
    try (Aeron aeron = connect(folder);
        Subscription subscription = aeron.addSubscription(channel, stream);
        Publication publication = aeron.addPublication(channel, stream + 1)) {
      System.out.println("ready");
      FragmentHandler handler =
          new FragmentAssembler(
              (buffer, offset, length, header) -> {
                while (publication.offer(buffer, offset, length) < 0) {
                  Thread.onSpinWait();
                }
                done[0]++;
              });
      while (done[0] < count) {
        idle.idle(subscription.poll(handler, 64));
      }
      while (publication.isConnected()) {
        Thread.onSpinWait();
      }
    }
  }
}
