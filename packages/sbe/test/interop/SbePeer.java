import every.thing.EverythingDecoder;
import every.thing.EverythingEncoder;
import every.thing.MessageHeaderDecoder;
import every.thing.MessageHeaderEncoder;
import every.thing.Rounding;
import every.thing.Side;
import java.io.FileInputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.agrona.concurrent.UnsafeBuffer;
import uk.co.real_logic.sbe.ir.Ir;
import uk.co.real_logic.sbe.json.JsonPrinter;
import uk.co.real_logic.sbe.xml.IrGenerator;
import uk.co.real_logic.sbe.xml.ParserOptions;
import uk.co.real_logic.sbe.xml.XmlSchemaParser;

/**
 * The Java side of the interop tests: `print SCHEMA FILE` writes a message as JSON, `encode FILE` writes the message
 * with everything that the codecs of the Java tool make.
 */
public final class SbePeer {
  public static void main(String[] args) throws Exception {
    if (args[0].equals("print")) print(args[1], args[2]);
    else encode(args[1]);
  }

  private static void print(String schema, String file) throws Exception {
    ParserOptions options = ParserOptions.builder().stopOnError(true).build();
    try (FileInputStream in = new FileInputStream(schema)) {
      Ir ir = new IrGenerator().generate(XmlSchemaParser.parse(in, options));
      byte[] bytes = Files.readAllBytes(Path.of(file));
      StringBuilder out = new StringBuilder();
      new JsonPrinter(ir).print(ByteBuffer.wrap(bytes), out);
      System.out.print(out);
    }
  }

  private static void encode(String file) throws Exception {
    UnsafeBuffer buffer = new UnsafeBuffer(new byte[1024]);
    EverythingEncoder encoder = new EverythingEncoder();
    encoder.wrapAndApplyHeader(buffer, 0, new MessageHeaderEncoder());
    encoder
        .small((byte) -5)
        .count(40_000)
        .wide(0xfedc_ba98_7654_3210L)
        .signed(-9_007_199_254_740_993L)
        .ratio(0.1)
        .maybe((short) -1)
        .maybeFloat(1.5f)
        .maybeDouble(-2.25)
        .maybeBig(12)
        .zeroIsNull((short) 9)
        .side(Side.LEFT)
        .maybeSide(Side.RIGHT)
        .name("Ada")
        .putVector(1f, -0.5f, 0.25f)
        .pair(0, 1)
        .pair(1, -1)
        .later(77);
    encoder.flags().clear().swims(true).flies(true);
    encoder.wideFlags().clear().last(true);
    encoder.price().mantissa(1_234).rounding(Rounding.UP);
    encoder.place().x().mantissa(-1).rounding(Rounding.DOWN);
    encoder.place().y().mantissa(2).rounding(Rounding.UP);
    EverythingEncoder.LegsEncoder legs = encoder.legsCount(2);
    legs.next().length(70);
    legs.toesCount(2).next().size((short) 3).nickname("groß").next().size((short) 1).nickname("");
    legs.putShoe(new byte[] {1, 2, 3}, 0, 3);
    legs.next().length(71);
    legs.toesCount(0);
    legs.putShoe(new byte[0], 0, 0);
    encoder.armsCount(1).next().strength(2.5f);
    encoder.motto("语言").putPhoto(new byte[] {-1, 0}, 0, 2).extra("new");
    int length = MessageHeaderEncoder.ENCODED_LENGTH + encoder.encodedLength();
    byte[] bytes = new byte[length];
    buffer.getBytes(0, bytes);
    Files.write(Path.of(file), bytes);
    EverythingDecoder decoder = new EverythingDecoder();
    decoder.wrapAndApplyHeader(buffer, 0, new MessageHeaderDecoder());
    if (decoder.sbeDecodedLength() != encoder.encodedLength()) throw new AssertionError();
  }
}
