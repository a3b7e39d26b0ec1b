<?php // phpunit PosterTest.php

use PHPUnit\Framework\TestCase;

require_once __DIR__ . "/ImagesMock.php";
require_once __DIR__ . "/poster.php";

final class PosterTest extends TestCase
{
    private static ImagesMock $mock;

    public static function setUpBeforeClass(): void
    {
        self::$mock = new ImagesMock();
    }

    public static function tearDownAfterClass(): void
    {
        self::$mock->stop();
    }

    protected function setUp(): void
    {
        self::$mock->begin(self::class . "-" . $this->getName());
    }

    public function testA429IsTriedAgain(): void
    {
        self::$mock->on([], ["rate_limit" => ["retry_after" => 20]], ["times" => 1]); // nobody waits 20 s here
        $this->assertSame(256, getimagesize(poster("a red fox"))[0]);
        $this->assertSame([429, 200], array_column(self::$mock->requests(), "status"));
    }

    public function testARefusalIsTold(): void
    {
        self::$mock->on(["prompt" => ["contains" => "gore"]], ["refuse" => true]);
        $this->expectExceptionMessage("safety system");
        poster("gore, please");
    }

    public function testSmallPicturesAreAskedFor(): void
    {
        poster("a red fox");
        $this->assertSame("256x256", self::$mock->requests()[0]["fields"]["size"]);
    }
}
